// Tracim as the source: login, live messages through cuts and expired logins, and requests that go nowhere else.
import { expect } from 'chai'
import { TracimSource, type TracimSourceOptions, tracimEventOf } from 'isock/tracim'
import { type Clock, platformClock } from '../../lib/core/base/clock.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { FakeTracim } from './fake-tracim.ts'
import { type RawClient, TracimWorld } from './tracim-world.ts'

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

describe('tracim as the source of a daemon', () => {
  let world: TracimWorld
  let tracim: FakeTracim

  beforeEach(async () => {
    world = new TracimWorld()
    tracim = new FakeTracim()
    await tracim.listen()
  })

  afterEach(async () => {
    await world.close()
    await tracim.close()
    expect(JSON.stringify(world.lines), 'the log').to.not.include(tracim.password)
  })

  const source = (options: TracimSourceOptions = {}, password = tracim.password) =>
    new TracimSource({ url: tracim.url, username: 'ada', password }, { log: world.log, random: () => 0, ...options })

  const start = async (options: TracimSourceOptions = {}): Promise<RawClient> => {
    await world.daemon({ source: source(options) })
    const client = await world.rawClient('client')
    await client.register()
    await waitFor(() => client.received.length === 2 && tracim.streams.length === 1)
    return client
  }

  const eventsOf = ({ received }: RawClient) =>
    received.filter(({ type }) => type === 'daemon_tracim_event').map((event) => tracimEventOf(event).event_type)

  it('logs in, tells the account, and passes live messages on as they are', async () => {
    const client = await start()
    expect(client.received[0]?.data).to.deep.equal({ user_id: '42' })
    expect(JSON.parse(tracim.requests[0]!.body)).to.deep.equal({ username: 'ada', password: tracim.password })
    tracim.emit('content.created.comment', { text: 'é\n"' })
    await waitFor(() => client.received.length === 3)
    expect(JSON.parse(client.received[2]?.data)).to.deep.equal({
      event_id: 1,
      event_type: 'content.created.comment',
      read: null,
      created: '2024-01-01T00:00:00Z',
      fields: { text: 'é\n"' },
    })
  })

  for (const hasIds of [true, false]) {
    it(`goes on after a cut where it was, ${hasIds ? 'by the stream’s ids' : 'by the ids of the events'}`, async () => {
      tracim.hasIds = hasIds
      const client = await start()
      tracim.emit('one')
      await waitFor(() => eventsOf(client).length === 1)
      tracim.cut()
      tracim.emit('two')
      await waitFor(() => tracim.streams.length === 1)
      tracim.emit('three')
      await waitFor(() => eventsOf(client).length === 3)
      tracim.cut()
      await waitFor(() => tracim.streams.length === 1)
      expect(eventsOf(client)).to.deep.equal(['one', 'two', 'three'])
      expect(tracim.resumedFrom).to.deep.equal([undefined, '1', '3'])
      expect(tracim.streamRequests[2]?.url).to.equal('/api/users/42/live_messages?after_event_id=3')
    })
  }

  it('logs in anew when its login has expired, and goes on where it was', async () => {
    const client = await start()
    tracim.emit('one')
    await waitFor(() => eventsOf(client).length === 1)
    tracim.expireLogins()
    tracim.cut()
    tracim.emit('two')
    await waitFor(() => eventsOf(client).length === 2, { timeoutMs: 5_000 })
    expect(eventsOf(client)).to.deep.equal(['one', 'two'])
    expect(tracim.loginCount).to.equal(2)
  })

  it('keeps trying while the login is refused', async () => {
    const client = await start()
    tracim.loginStatus = 500
    tracim.expireLogins()
    tracim.cut()
    await waitFor(() => tracim.loginCount >= 3, { timeoutMs: 5_000 })
    tracim.loginStatus = 200
    await waitFor(() => tracim.streams.length === 1, { timeoutMs: 5_000 })
    tracim.emit('again')
    await waitFor(() => eventsOf(client).length === 1)
  })

  it('waits longer after each refusal, and as before after a stream', async () => {
    const waits: number[] = []
    const steps = [1_000, 2_000, 4_000, 8_000, 16_000]
    const clock: Clock = {
      now: () => platformClock.now(),
      setTimer: (run, delayMs) => {
        if (!steps.includes(delayMs)) return platformClock.setTimer(run, delayMs)
        waits.push(delayMs)
        return platformClock.setTimer(run, 1)
      },
    }
    const client = await start({ clock, random: () => 1 })
    const refuse = async (count: number): Promise<number[]> => {
      waits.length = 0
      tracim.loginStatus = 500
      tracim.expireLogins()
      tracim.cut()
      await waitFor(() => waits.length >= count, { timeoutMs: 5_000 })
      tracim.loginStatus = 200
      await waitFor(() => tracim.streams.length === 1, { timeoutMs: 5_000 })
      return waits.slice(0, count)
    }
    expect(await refuse(4)).to.deep.equal(steps.slice(0, 4))
    tracim.emit('again')
    await waitFor(() => eventsOf(client).length === 1)
    expect(await refuse(2)).to.deep.equal(steps.slice(0, 2))
  })

  it('opens a stream anew that is silent, or has an event that is too large', async () => {
    const client = await start({ silenceMs: 150, maxEventBytes: 1_000 })
    await waitFor(() => tracim.streamRequests.length === 2)
    await waitFor(() => tracim.streams.length > 0)
    tracim.emit('before')
    await waitFor(() => eventsOf(client).length === 1)
    const count = tracim.streamRequests.length
    tracim.emit('large', 'x'.repeat(2_000))
    // Not the same again: it goes on with what is new.
    await waitFor(() => tracim.streamRequests.length > count && tracim.resumedFrom.slice(count).includes(undefined))
    await waitFor(() => tracim.streams.length > 0)
    tracim.cut()
    await waitFor(() => tracim.streams.length === 1)
    tracim.emit('small')
    await waitFor(() => eventsOf(client).length === 2)
    expect(eventsOf(client)).to.deep.equal(['before', 'small'])
    expect(world.reasons.some((reason) => reason.includes('nothing arrived for 150 ms'))).to.equal(true)
    expect(world.reasons.some((reason) => reason.includes('more than 1000 bytes'))).to.equal(true)
  })

  longIt('passes many messages on, and reads no more than it passes on', async () => {
    const client = await start()
    for (let i = 0; i < 2_000; i++) tracim.emit(`e${i}`)
    await waitFor(() => client.received.length === 2_002, { timeoutMs: 9_000 })
    expect(eventsOf(client)).to.deep.equal([...Array(2_000).keys()].map((i) => `e${i}`))
  })

  describe('refuses to start', () => {
    it('with an account that Tracim refuses, and says nothing of its password', async () => {
      const error = await caught(world.daemon({ source: source({}, 'wrong password') }))
      expect(error.code).to.equal('UNAUTHENTICATED')
      expect(error.message).to.include('status 403').and.not.include('wrong password')
    })

    it('without a Tracim', async () => {
      const { url } = tracim
      await tracim.close()
      const error = await caught(world.daemon({ source: new TracimSource({ url, mail: 'a@b', password: 'p' }) }))
      expect(error.code).to.equal('UNREACHABLE')
      expect(error.message).to.include('ECONNREFUSED')
      await tracim.listen()
    })

    it('with options that are wrong', () => {
      const make =
        (account: object, options = {}) =>
        () =>
          new TracimSource({ url: tracim.url, username: 'a', password: 'secret', ...account }, options)
      expect(make({ url: 'ftp://a/api' })).to.throw('option url')
      expect(make({ url: 'http://a:secret@b/api' }))
        .to.throw('option url')
        .and.not.match(/secret/)
      expect(make({ username: '' })).to.throw('option username')
      expect(make({ password: '' })).to.throw('option password')
      expect(make({}, { silenceMs: 0 })).to.throw('option silenceMs')
    })
  })

  describe('passes requests on', () => {
    const ask = async (client: RawClient, data: unknown) => {
      const count = client.received.length
      await client.send('daemon_do_request', data)
      await waitFor(() => client.received.length > count, { what: `the answer to ${JSON.stringify(data)}` })
      return client.received.at(-1)!.data
    }
    const json = (base64: string) => JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))

    it('with the login, and answers with status and body', async () => {
      const client = await start()
      const body = { raw_content: 'é' }
      const answer = await ask(client, { method: 'POST', endpoint: '/workspaces/1/contents?x=1', body })
      expect([answer.status_code, answer.status]).to.deep.equal([201, '201 Made'])
      expect(answer.request).to.deep.equal({ method: 'POST', endpoint: '/workspaces/1/contents?x=1', body })
      const seen = json(answer.data)
      expect([seen.method, seen.url, JSON.parse(seen.body)]).to.deep.equal([
        'POST',
        '/api/workspaces/1/contents?x=1',
        body,
      ])
      expect(seen.headers.cookie).to.equal('session_key=key1')
    })

    it('in the spelling of clients that write Method, with a body in base64', async () => {
      const client = await start()
      const request = { Method: 'PUT', Endpoint: '/a', Body: Buffer.from('text').toString('base64') }
      const answer = await ask(client, request)
      expect(answer).to.include({ StatusCode: 201, Status: '201 Made' })
      expect(answer.Request).to.deep.equal(request)
      expect(json(answer.data).body).to.equal('text')
    })

    it('after another login when the first has expired', async () => {
      const client = await start()
      tracim.expireLogins()
      expect((await ask(client, { method: 'GET', endpoint: '/a' })).status_code).to.equal(201)
      expect(tracim.loginCount).to.equal(2)
    })

    it('to no other place', async () => {
      const client = await start()
      const before = tracim.requests.length
      const endpoints = [
        'http://elsewhere.invalid/',
        '@elsewhere.invalid/',
        '.elsewhere.invalid/',
        ':1/',
        '/../elsewhere',
        '/..',
        '/a/../../elsewhere',
        '/%2e%2e/elsewhere',
        '/\\..\\..\\elsewhere',
        '\\\\elsewhere.invalid/',
        '/..%2felsewhere',
        '/a/..%2F..%2felsewhere',
        '/..%252felsewhere',
        '/%252e%252e%252felsewhere',
        '/.\t.%2felsewhere',
        '/..%5celsewhere',
        '/a%5Cb',
        '/a\\b',
        '/a%00',
        '/a%2500',
        '/%2525252525252e',
        '',
        null,
        7,
        `/${'a'.repeat(9_000)}`,
      ]
      for (const endpoint of endpoints) {
        const { status_code: status } = await ask(client, { method: 'GET', endpoint })
        expect(status, String(endpoint)).to.equal(400)
      }
      expect(tracim.requests).to.have.length(before)
      // Two slashes are a path of this host.
      expect(json((await ask(client, { method: 'GET', endpoint: '//elsewhere.invalid/' })).data).url).to.equal(
        '/api//elsewhere.invalid/',
      )
      // What is encoded and leads nowhere else goes on as it is.
      const harmless = '/files/a%2Fb%20..c%25/raw/%C3%A9.txt?next=..%2f..%5c'
      expect(json((await ask(client, { method: 'GET', endpoint: harmless })).data).url).to.equal(`/api${harmless}`)
      expect((await ask(client, { method: 'GET', endpoint: '/redirect' })).status_code).to.equal(302)
    })

    it('within bounds, and answers what is outside of them', async () => {
      const client = await start({ requestTimeoutMs: 2_000, maxAnswerBytes: 5_000 })
      const refused: [unknown, number][] = [
        [null, 400],
        [{ method: 'TRACE', endpoint: '/a' }, 400],
        [{ method: {}, endpoint: '/a' }, 400],
        [{ method: 'GET', endpoint: '/large' }, 502],
        [{ method: 'GET', endpoint: '/never' }, 504],
        [{ method: 'GET', endpoint: '/a', body: 'a GET has none' }, 502],
      ]
      for (const [data, status] of refused) {
        const answer = await ask(client, data)
        expect(answer.status_code, JSON.stringify(data)).to.equal(status)
        expect(json(answer.data).message).to.be.a('string')
      }
    })

    it('so many at once', async () => {
      await world.daemon({ source: source({ requestTimeoutMs: 2_000 }), maxRequests: 2 })
      const client = await world.rawClient('client')
      for (let i = 0; i < 3; i++) await client.send('daemon_do_request', { method: 'GET', endpoint: '/never' })
      await waitFor(() => client.received.length === 3)
      expect(client.received.map(({ data }) => data.status_code)).to.deep.equal([503, 504, 504])
    })
  })
})
