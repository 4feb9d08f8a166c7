// lexicons' wire, by a client that knows no more than its document says: headers, signals in, entries out of channels.
import { once } from 'node:events'
import { expect } from 'chai'
import { AuthError } from 'isock'
import { lexicons } from 'isock/lexicons'
import { ActionError } from '../../../lib/core/base/errors.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { CreateChatMessage, LexiconsWorld, Login, News, Public } from './lexicons-world.ts'

const ada = { email: 'ada', password: 'analytical' }

describe('lexicons: the wire', () => {
  let world: LexiconsWorld

  beforeEach(() => {
    world = new LexiconsWorld()
  })

  afterEach(() => world.close())

  it('runs a signal and sends its payload, under its name, to those who are in its channel', async () => {
    await world.begin()
    const [writer, reader, stranger] = [await world.client(), await world.client(), await world.client()]
    await reader.subscribe('Public')
    writer.send({ CreateChatMessage: { content: 'hello' } })
    await reader.waitForEntries(2)
    expect(reader.messages[1]).to.deep.equal([{ CreateChatMessage: { author: 'nobody', content: 'hello' } }])
    // Neither who asked nor anybody else is told: they are in no channel.
    stranger.send({ Count: { text: 'abc' } })
    writer.send({ Count: { text: 'abc' } })
    expect(await stranger.waitForEntries(1)).to.deep.equal([{ Count: 3 }])
    expect(await writer.waitForEntries(1)).to.deep.equal([{ Count: 3 }])
  })

  it('takes a list of signals and answers it in its order, the errors last', async () => {
    await world.begin()
    const client = await world.client()
    client.send([{ Count: { text: 'abc' } }, { Fail: { why: 'no luck' } }, { Quiet: {} }, { Count: { text: '' } }])
    await client.waitForEntries(3)
    expect(client.messages).to.deep.equal([[{ Count: 3 }, { Count: 0 }, { Errors: ['no luck'] }]])
  })

  it('answers a result without a channel to nobody, unless told to', async () => {
    await world.begin()
    const client = await world.client()
    client.send([{ Quiet: {} }, { Count: { text: 'x' } }])
    expect(await client.waitForEntries(1)).to.deep.equal([{ Count: 1 }])
    await world.close()
    await world.begin({ replies: 'all' })
    const told = await world.client()
    told.send({ Quiet: {} })
    expect(await told.waitForEntries(1)).to.deep.equal([{ Quiet: 'a result that nobody asked for' }])
  })

  it('takes signals as binary messages, and sends such when told to', async () => {
    await world.begin({ binary: true })
    const client = await world.client()
    const kinds: boolean[] = []
    client.socket.on('message', (_data, isBinary) => kinds.push(isBinary))
    client.socket.send(Buffer.from('{"Count": {"text": "ä"}}'))
    expect(await client.waitForEntries(1)).to.deep.equal([{ Count: 1 }])
    expect(kinds).to.deep.equal([true])
  })

  it('subscribes and unsubscribes, each channel once', async () => {
    await world.begin()
    const client = await world.client()
    await client.subscribe('Public')
    await client.subscribe('Public')
    expect(world.server.channel(Public).readerCount()).to.equal(1)
    client.send([{ CreateChatMessage: { content: 'one' } }])
    await client.waitForEntries(3)
    expect(client.named('CreateChatMessage')).to.have.length(1)
    client.send([{ Unsubscribe: { channel: 'Public' } }, { Unsubscribe: { channel: 'Public' } }])
    await waitFor(() => world.server.channel(Public).readerCount() === 0)
    client.send([{ CreateChatMessage: { content: 'two' } }, { Count: { text: '' } }])
    await waitFor(() => client.named('Count').length === 1)
    expect(client.named('CreateChatMessage')).to.have.length(1)
    expect(client.errors).to.deep.equal([])
  })

  it('tells a reader that its channel is no more, and lets it in again', async () => {
    await world.begin()
    const client = await world.client()
    await client.subscribe('News')
    world.server.removeChannel(News)
    await waitFor(() => client.errors.length === 1)
    expect(client.errors[0]).to.include('"News" was removed')
    client.send({ Subscribe: { channel: 'News' } })
    await waitFor(() => client.errors.length === 2)
    world.server.addChannel(new News())
    client.send({ Subscribe: { channel: 'News' } })
    await waitFor(() => client.named('Subscribe').length === 2)
    await world.server.channel(News).publish({ title: 'again' })
    await waitFor(() => client.named('News').length === 1)
  })

  it('gives a new reader the history, when it asks for it, and keeps rooms apart', async () => {
    await world.begin()
    await world.server.channel(News).publish({ title: 'before' })
    await world.server.channel(News).publish({ title: 'elsewhere' }, { key: 'kitchen' })
    const client = await world.client()
    await client.subscribe('News', { since: 'oldest' })
    await waitFor(() => client.named('News').length === 1)
    expect(client.named('News')).to.deep.equal([{ title: 'before' }])
    expect(client.named('Subscribe')).to.deep.equal([{ channel: 'News' }])
    const other = await world.client()
    await other.subscribe('News', { key: 'kitchen', since: 'oldest' })
    await waitFor(() => other.named('News').length === 1)
    expect(other.named('News')).to.deep.equal([{ title: 'elsewhere' }])
    other.send({ Unsubscribe: { channel: 'News', key: 'kitchen' } })
    await waitFor(() => world.server.channel(News).readerCount({ key: 'kitchen' }) === 0)
  })

  it('shares its channels with clients of isock, both ways', async () => {
    await world.begin({}, { guards: [new Login()] })
    const native = world.native({ credentials: [Login.credential(ada)] })
    const client = await world.client({ LOGIN: JSON.stringify(ada) })
    const heard: unknown[] = []
    await native.subscribe(Public, (message) => heard.push(message)).ready
    await client.subscribe('Public')
    await client.subscribe('News')
    client.send({ CreateChatMessage: { content: 'from lexicons' } })
    await waitFor(() => heard.length === 1)
    // The payload is the value of whoever runs the action natively, and its message is the same as of any other.
    const value = await native.runAction(CreateChatMessage, { content: 'from isock' })
    expect(value).to.deep.equal({ author: 'ada', content: 'from isock' })
    await native.publish(News, { title: 'native' })
    await world.server.publish(Public, { UserEnter: 'Ada has come' })
    await waitFor(() => client.named('UserEnter').length === 1 && client.named('News').length === 1)
    expect(client.messages.slice(2)).to.have.deep.members([
      [{ CreateChatMessage: { author: 'ada', content: 'from lexicons' } }],
      [{ CreateChatMessage: { author: 'ada', content: 'from isock' } }],
      [{ News: { title: 'native' } }],
      [{ UserEnter: 'Ada has come' }],
    ])
    await waitFor(() => heard.length === 3)
    expect(heard[0]).to.deep.equal({ CreateChatMessage: { author: 'ada', content: 'from lexicons' } })
  })

  it('sends what JSON has no words for as plain JSON', async () => {
    await world.begin()
    const client = await world.client()
    await client.subscribe('Public')
    await world.server.publish(Public, { Rich: { at: new Date(0), tags: new Set(['a']), n: 5n } })
    await world.server.publish(Public, { Nothing: undefined })
    await client.waitForEntries(3)
    expect(client.entries.slice(1)).to.deep.equal([
      { Rich: { at: '1970-01-01T00:00:00.000Z', tags: ['a'], n: '5' } },
      { Nothing: null },
    ])
  })

  it('is reached by the subprotocol, or by its path', async () => {
    await world.begin({ path: '/' })
    const byPath = await world.client({}, '/')
    const byName = world.strange({}, '/anywhere', 'lexicons')
    await byName.opened
    expect(byName.socket.protocol).to.equal('lexicons')
    const neither = world.strange({}, '/elsewhere')
    await waitFor(() => neither.status === 404)
    const other = world.strange({}, '/', 'another')
    await waitFor(() => other.status === 404)
    for (const client of [byPath, byName]) {
      client.send({ Count: { text: 'ab' } })
      expect(await client.waitForEntries(1)).to.deep.equal([{ Count: 2 }])
    }
  })

  it('hands kwargs through `input`, for what a server spells otherwise', async () => {
    const seen: string[] = []
    await world.begin({
      input: (kwargs, name) => {
        seen.push(name)
        if ('bad' in kwargs) throw new ActionError('it cannot be spelled')
        return { text: Object.keys(kwargs).join() }
      },
    })
    const client = await world.client()
    client.send([{ Count: { a__gt: 1 } }, { Count: { bad: 1 } }])
    expect(await client.waitForEntries(2)).to.deep.equal([{ Count: 5 }, { Errors: ['it cannot be spelled'] }])
    expect(seen).to.deep.equal(['Count', 'Count'])
  })

  describe('headers', () => {
    const guarded = { guards: [new Login()] }

    it('let in whom the guards know, whatever the case of the header', async () => {
      await world.begin({}, guarded)
      for (const name of ['Login', 'LOGIN', 'login']) {
        const client = await world.client({ [name]: JSON.stringify(ada) })
        await client.subscribe('Public')
        client.send({ CreateChatMessage: { content: name } })
        await client.waitForEntries(2)
        expect(client.named('CreateChatMessage')).to.deep.equal([{ author: 'ada', content: name }])
      }
    })

    it('turn away whom they do not know: Errors, and the socket is closed', async () => {
      await world.begin({}, guarded)
      const wrong = [{}, { Login: JSON.stringify({ ...ada, password: 'guessed' }) }, { Login: 'null' }, { Login: '5' }]
      for (const headers of wrong) {
        const client = await world.client(headers as Record<string, string>)
        // What it sends meanwhile is never run.
        client.send({ CreateChatMessage: { content: 'let me in' } })
        expect(await client.waitForClose()).to.equal(1008)
        expect(client.entries).to.deep.equal([{ Errors: ['this server did not accept the credentials'] }])
      }
      expect(world.server.sessions).to.have.length(0)
    })

    it('must be JSON, and never tell what was in them', async () => {
      await world.begin({}, guarded)
      const client = await world.client({ Login: "{'password': 'analytical'}" })
      expect(await client.waitForClose()).to.equal(1008)
      expect(client.errors).to.have.length(1)
      expect(client.errors[0]).to.include('Login').and.not.include('analytical')
    })

    it("may be what Python's str() makes of a dict, where that is said", async () => {
      await world.begin({ headerValues: 'python' }, guarded)
      for (const value of ["{'email': 'ada', 'password': 'analytical', 'keep': True}", JSON.stringify(ada)]) {
        const client = await world.client({ Login: value })
        client.send({ Count: { text: 'x' } })
        expect(await client.waitForEntries(1)).to.deep.equal([{ Count: 1 }])
      }
      const wrong = ['analytical', "{'password': analytical}", "{'__proto__': {'password': 'analytical'}}"]
      for (const value of [...wrong, '['.repeat(8_000)]) {
        const client = await world.client({ Login: value })
        expect(await client.waitForClose()).to.equal(1008)
        expect(client.errors).to.have.length(1)
        expect(client.errors[0]).to.include('the header Login is').and.not.include('analytical')
      }
    })

    it('may be any text, where that is said', async () => {
      const seen: unknown[] = []
      const guards = [
        new (class Key extends Login {
          override check(credential: unknown) {
            seen.push(credential)
            return (credential as { header?: string })?.header === 'open sesame' ? { id: 'ali' } : false
          }
        })(),
      ]
      await world.begin({ headers: ['Key'], headerValues: 'text' }, { guards })
      const client = await world.client({ Key: 'open sesame' })
      await client.subscribe('Public')
      client.send({ CreateChatMessage: { content: '' } })
      await client.waitForEntries(2)
      expect(client.named('CreateChatMessage')).to.deep.equal([{ author: 'ali', content: '' }])
      for (const Key of ['open', '"open sesame"', "['open sesame']"])
        expect(await (await world.client({ Key })).waitForClose()).to.equal(1008)
      expect(seen).to.deep.equal([{ header: 'open sesame' }, { header: 'open' }, 'open sesame', ['open sesame']])
    })

    it('may be read as UTF-8 or as Latin-1', async () => {
      const guards = [
        new (class Name extends Login {
          override check(credential: unknown) {
            return { id: (credential as { name: string }).name }
          }
        })(),
      ]
      await world.begin({ headers: ['Name'] }, { guards })
      for (const encoding of ['utf8', 'latin1'] as const) {
        const header = Buffer.from('{"name": "Zoë"}', encoding).toString('latin1')
        const client = await world.client({ Name: header })
        await client.subscribe('Public')
        client.send({ CreateChatMessage: { content: '' } })
        await client.waitForEntries(2)
        expect(client.named('CreateChatMessage')).to.deep.equal([{ author: 'Zoë', content: '' }])
      }
    })

    it('are combined by the gate, and the reason of a guard is told', async () => {
      const guards = [
        new Login(),
        new (class Register extends Login {
          override check(): never {
            throw new AuthError('the books are closed')
          }
        })(),
      ]
      await world.begin({ headers: [Login, 'Register'] }, { guards, gate: (verdicts) => verdicts.some(Boolean) })
      const client = await world.client({ Login: JSON.stringify(ada) })
      client.send({ Count: { text: '' } })
      await client.waitForEntries(1)
      const other = await world.client({ Register: '{}' })
      await other.waitForClose()
      expect(other.errors).to.deep.equal(['the books are closed'])
    })
  })

  it('goes where the server ends its session, and learns why', async () => {
    await world.begin()
    const client = await world.client()
    client.send({ Count: { text: 'x' } })
    await client.waitForEntries(1)
    const closed = once(client.socket, 'close')
    world.server.sessions[0]?.end('banned')
    const [code] = await closed
    expect(code).to.equal(1008)
    expect(client.messages.at(-1)).to.deep.equal([{ Errors: ['the server ended this session: banned'] }])
  })

  it('lets only trusted addresses connect, if told so', async () => {
    await world.begin({ trust: ['10.0.0.0/8'] })
    const client = world.strange()
    await waitFor(() => client.status === 403)
    await world.close()
    await world.begin({ trust: ['10.0.0.0/8', '127.0.0.0/8'] })
    await world.client()
    await world.close()
    await world.begin({ trust: ['*'] })
    await world.client()
  })

  it('names a wrong option at once', () => {
    const wrong = [
      { path: 'lexicons' },
      { headers: ['a b'] },
      { headers: {} },
      { channels: [Login] },
      { channels: {} },
      { trust: [] },
      { trust: ['nowhere'] },
      { onConnect: 'x' },
      { maxSignals: 0 },
      { stallTimeoutMs: '1' },
      { replies: 'some' },
      { headerValues: 'yaml' },
      { headerValues: ['json'] },
      { subscribeAction: '' },
      { binary: 1 },
      { path: '/a b' },
    ]
    for (const options of wrong) {
      expect(() => lexicons(options as never), JSON.stringify(options)).to.throw(
        /option (lexicons \w+|trust): expected|not a channel class/,
      )
    }
  })
})
