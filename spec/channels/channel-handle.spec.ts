// The server's own end of a channel: which room and whose streams are meant, and what is refused. The host is a script.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import type { ValueCodec } from '../../lib/core/wire/value-codec.ts'
import { ChannelHandle } from '../../lib/features/channels/channel-handle.ts'
import type { ChannelHost } from '../../lib/features/channels/channel-host.ts'

describe('ChannelHandle', () => {
  let asked: unknown[][]
  let rooms: Map<string, { readerCount: number }>
  let handle: ChannelHandle<string>

  beforeEach(() => {
    asked = []
    rooms = new Map([
      ['', { readerCount: 2 }],
      ['a', { readerCount: 3 }],
    ])
    const answer =
      (what: string, value: unknown) =>
      (...given: unknown[]): unknown => {
        asked.push([what, ...given])
        return value
      }
    const host = {
      rules: { name: 'News', maxKeyLength: 3 },
      publishFrom: (publish: () => Promise<void>) => publish(),
      publish: answer('publish', Promise.resolve()),
      kept: answer('kept', [{ item: { payload: 'payload 1' } }, { item: { payload: 'payload 2' } }]),
      presence: { members: (room: unknown) => [room] },
      rooms: { find: (key: string) => rooms.get(key), count: 7 },
      endStreams: answer('endStreams', 5),
      reauthorize: answer('reauthorize', Promise.resolve(6)),
    }
    const codec = { decode: (payload: unknown) => [Number(String(payload).slice(-1)), `message of ${payload}`] }
    handle = new ChannelHandle<string>(host as unknown as ChannelHost, codec as unknown as ValueCodec)
  })

  function refusalOf(run: () => unknown): string {
    try {
      run()
    } catch (error) {
      return (error as Error).message
    }
    return 'it was taken'
  }

  it('has the name of its channel, and counts its rooms', () => {
    expect([handle.name, handle.roomCount]).to.deep.equal(['News', 7])
  })

  it('publishes to a room, and to whom the options name', async () => {
    await handle.publish('one')
    await handle.publish('two', { key: 'a', to: 's' })
    expect(asked).to.deep.equal([
      ['publish', 'one', { key: '', options: {} }],
      ['publish', 'two', { key: 'a', options: { key: 'a', to: 's' } }],
    ])
  })

  it('publishes nothing with options or keys that are none', async () => {
    for (const options of [{ kye: 'a' } as object, { key: 'long' }, { key: '' }])
      expect(await handle.publish('one', options).catch((error: Error) => error.message)).to.match(/kye|key/)
    expect(asked).to.deep.equal([])
  })

  it('settles a publish when it is on its way', async () => {
    let send: () => void = () => undefined
    const host = {
      rules: { maxKeyLength: 3 },
      publishFrom: (publish: () => Promise<void>) => publish(),
      publish: () => new Promise<void>((resolve) => (send = resolve)),
    }
    let isSent = false
    const sent = new ChannelHandle<string>(host as unknown as ChannelHost, {} as ValueCodec).publish('a').then(() => {
      isSent = true
    })
    await new Promise(setImmediate)
    expect(isSent).to.equal(false)
    send()
    await sent
  })

  it('tells the history of a room, all of it or so many', () => {
    expect(handle.history()).to.deep.equal([
      { offset: 1, message: 'message of payload 1' },
      { offset: 2, message: 'message of payload 2' },
    ])
    handle.history({ key: 'a', limit: 0 })
    expect(asked).to.deep.equal([
      ['kept', '', Number.POSITIVE_INFINITY],
      ['kept', 'a', 0],
    ])
    expect(refusalOf(() => handle.history({ limit: -1 }))).to.include('limit')
    expect(refusalOf(() => handle.history({ size: 1 } as object))).to.include('size')
  })

  it('tells who is present in a room, and how many read it', () => {
    expect(handle.presence()).to.deep.equal([{ readerCount: 2 }])
    expect(handle.presence({ key: 'a' })).to.deep.equal([{ readerCount: 3 }])
    expect(handle.readerCount()).to.equal(2)
    expect(handle.readerCount({ key: 'a' })).to.equal(3)
    expect(handle.readerCount({ key: 'b' }), 'there is no such room').to.equal(0)
    for (const method of ['presence', 'readerCount'] as const)
      expect(refusalOf(() => handle[method]({ kye: 'a' } as object))).to.include('kye')
  })

  it('ends the subscriptions that fit all that is given, with a reason', () => {
    const all = { sessions: undefined, identity: undefined, key: undefined }
    const sentOut = { code: 'NOT_ALLOWED', message: 'the server ended this subscription: out' }
    const unsaid = { code: 'NOT_ALLOWED', message: 'the server ended this subscription: no reason was given' }
    expect(handle.endSubscriptions({ session: 's', reason: 'out' })).to.equal(5)
    handle.endSubscriptions({ session: ['s', 't'], key: 'a' })
    handle.endSubscriptions({ identity: 'ada' })
    handle.endSubscriptions({ session: [] })
    expect(asked).to.deep.equal([
      ['endStreams', { ...all, sessions: new Set(['s']) }, sentOut],
      ['endStreams', { ...all, sessions: new Set(['s', 't']), key: 'a' }, unsaid],
      ['endStreams', { ...all, identity: 'ada' }, unsaid],
      ['endStreams', { ...all, sessions: new Set() }, unsaid],
    ])
  })

  it('cuts a reason to 400 characters', () => {
    handle.endSubscriptions({ session: 's', reason: 'x'.repeat(401) })
    const [, , { message }] = asked[0] as [unknown, unknown, { message: string }]
    expect(message).to.equal(`the server ended this subscription: ${'x'.repeat(400)}`)
  })

  it('ends no subscriptions where nobody is named, or not as it should be', () => {
    const refused = (options: object): string => refusalOf(() => handle.endSubscriptions(options as never))
    expect(refused({})).to.match(/session.*or an identity beside it/)
    expect(refused({ key: 'a' })).to.match(/session.*or an identity beside it/)
    for (const session of [7, null, [7], ['s', null], {}])
      expect(refused({ session })).to.include('the id of a session, or a list of them')
    expect(refused({ identity: 7 })).to.include('the id of an identity')
    expect(refused({ session: 's', reason: 7 })).to.match(/reason.*a string/)
    for (const option of ['session', 'identity', 'key'])
      expect(refused({ session: 's', identity: 'ada', [option]: undefined }), option).to.include(option)
    expect(refused({ session: 's', key: 'long' })).to.include('key')
    expect(refused({ session: 's', resaon: 'a' })).to.include('resaon')
    expect(asked).to.deep.equal([])
  })

  it('asks again about all subscriptions, or about some', async () => {
    expect(await handle.reauthorize()).to.equal(6)
    await handle.reauthorize({ session: 's', identity: 'ada', key: 'a' })
    expect(asked).to.deep.equal([
      ['reauthorize', { sessions: undefined, identity: undefined, key: undefined }],
      ['reauthorize', { sessions: new Set(['s']), identity: 'ada', key: 'a' }],
    ])
    const refused = await handle.reauthorize({ key: undefined } as object).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(ClientError)
  })
})
