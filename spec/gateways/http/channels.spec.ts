// Channels as server-sent events: messages with their places, what was missed, and what cannot be given any more.
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { EventSource } from 'eventsource'
import { waitFor } from '../../setup/wait-for.ts'
import { errorOf, eventsOf, HttpWorld, News, take } from './http-world.ts'

describe('channels over HTTP', () => {
  let world: HttpWorld

  beforeEach(async () => {
    world = await new HttpWorld().start()
  })

  afterEach(() => world.close())

  const publish = (message: unknown, key?: string): Promise<void> =>
    world.server.channel(News).publish(message, key === undefined ? {} : { key })

  it('are unnamed events with an id, after the word that begins them', async () => {
    const response = await world.fetch('/channels/News')
    expect(response.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8')
    const events = eventsOf(response)
    const begun = (await events.next()).value
    expect([begun?.event, begun?.data]).to.deep.equal(['subscribed', { recovered: true }])
    await publish({ at: new Date(0) })
    await publish('two')
    const [first, second] = [(await events.next()).value, (await events.next()).value]
    expect([first?.event, first?.data, second?.data]).to.deep.equal([
      'message',
      { at: '1970-01-01T00:00:00.000Z' },
      'two',
    ])
    expect(first?.id).to.match(/^[^:]+:1:[0-9a-f]{32}$/)
    expect(second?.id?.split(':')[1]).to.equal('2')
    await events.return(undefined)
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('tell an EventSource how long to wait before it comes back', async () => {
    const response = await world.fetch('/channels/News')
    const { value } = await (response.body as ReadableStream<Uint8Array>).getReader().read()
    expect(new TextDecoder().decode(value)).to.match(/^retry: 1000\n\n/)
  })

  it('are given from where a reader was', async () => {
    const before = eventsOf(await world.fetch('/channels/News'))
    await before.next()
    await publish('one')
    const id = (await before.next()).value?.id as string
    await before.return(undefined)
    await publish('two')
    await publish('three')
    for (const text of [id, id.split(':').slice(0, 2).join(':')]) {
      const response = await world.fetch('/channels/News', { headers: { 'last-event-id': text } })
      const events = await take(response, 3)
      expect(events.map(({ data }) => data)).to.deep.equal([{ recovered: true }, 'two', 'three'])
    }
    const byQuery = await take(await world.fetch(`/channels/News?since=${id}`), 2)
    expect(byQuery[1]?.data).to.equal('two')
    const oldest = await take(await world.fetch('/channels/News?since=oldest'), 4)
    expect(oldest.map(({ data }) => data)).to.deep.equal([{ recovered: true }, 'one', 'two', 'three'])
  })

  it('say where they cannot be given from there', async () => {
    await publish('one')
    for (const id of ['another-epoch:1', 'another-epoch:1:00112233445566778899aabbccddeeff']) {
      const response = await world.fetch('/channels/News', { headers: { 'last-event-id': id } })
      const [begun] = await take(response, 1)
      expect([begun?.event, begun?.data]).to.deep.equal(['subscribed', { recovered: false }])
    }
  })

  it('say so too where a message was for the former session alone', async () => {
    const before = eventsOf(await world.fetch('/channels/News'))
    const id = (await before.next()).value?.id as string
    const session = id.split(':')[2] as string
    await world.server.channel(News).publish('for you', { to: session })
    await before.return(undefined)
    const [begun] = await take(await world.fetch('/channels/News', { headers: { 'last-event-id': id } }), 1)
    expect(begun?.data).to.deep.equal({ recovered: false })
  })

  it('go on for an EventSource of another maker whose connection was cut', async () => {
    const port = createServer()
    await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve))
    const sockets: Socket[] = []
    port.on('connection', (socket: Socket) => sockets.push(socket))
    await world.close()
    world = await new HttpWorld({ web: { server: port } }).start()
    const source = new EventSource(`${world.url}/channels/News`)
    const messages: unknown[] = []
    const recovered: unknown[] = []
    source.addEventListener('message', ({ data }) => messages.push(JSON.parse(data)))
    source.addEventListener('subscribed', ({ data }) => recovered.push(JSON.parse(data)))
    try {
      await waitFor(() => recovered.length === 1)
      await publish('one')
      await waitFor(() => messages.length === 1)
      for (const socket of sockets) socket.destroy()
      await waitFor(() => world.server.sessions.length === 0)
      await publish('two')
      await waitFor(() => recovered.length === 2, { timeoutMs: 8_000 })
      await publish('three')
      await waitFor(() => messages.length === 3)
      expect(messages).to.deep.equal(['one', 'two', 'three'])
      expect(recovered).to.deep.equal([{ recovered: true }, { recovered: true }])
    } finally {
      source.close()
      port.closeAllConnections()
      await new Promise((resolve) => port.close(resolve))
    }
  })

  it('have rooms', async () => {
    const kitchen = eventsOf(await world.fetch('/channels/News?key=kitchen'))
    await kitchen.next()
    await publish('elsewhere', 'cellar')
    await publish('here', 'kitchen')
    expect((await kitchen.next()).value?.data).to.equal('here')
    await kitchen.return(undefined)
  })

  it('refuse with a status what they do not let in or do not understand', async () => {
    const bad: readonly [number, string, string, Record<string, string>?][] = [
      [404, 'UNKNOWN_CHANNEL', '/channels/Nothing'],
      [404, 'UNKNOWN_PATH', '/channels/News/x'],
      [403, 'NOT_ALLOWED', '/channels/News?key=secret'],
      [400, 'BAD_REQUEST', `/channels/News?key=${'x'.repeat(300)}`],
      [400, 'BAD_REQUEST', '/channels/News?key='],
      [400, 'BAD_REQUEST', '/channels/News?token=open-sesame'],
      [400, 'BAD_REQUEST', '/channels/News', { 'last-event-id': 'nonsense' }],
      [400, 'BAD_REQUEST', '/channels/News?since=1:2:3:4'],
      [406, 'NOT_ACCEPTABLE', '/channels/News', { accept: 'application/json' }],
    ]
    for (const [status, code, path, headers] of bad) {
      const response = await world.fetch(path, headers === undefined ? {} : { headers })
      expect([response.status, (await errorOf(response))['code']], path).to.deep.equal([status, code])
    }
    expect((await world.fetch('/channels/News', { method: 'POST' })).status).to.equal(405)
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('tell of their end', async () => {
    const events = eventsOf(await world.fetch('/channels/News'))
    await events.next()
    world.server.removeChannel(News)
    const { event, data } = (await events.next()).value ?? {}
    expect([event, (data as { code: string }).code]).to.deep.equal(['end', 'UNKNOWN_CHANNEL'])
    expect((await events.next()).done).to.equal(true)
  })

  it('end at once when the web server closes, or the whole server', async () => {
    const first = eventsOf(await world.fetch('/channels/News'))
    await first.next()
    const closed = world.web.close()
    const { event, data } = (await first.next()).value ?? {}
    expect([event, data]).to.deep.equal(['end', { code: 'SHUTTING_DOWN', message: 'the server is shutting down' }])
    await closed
  })
})
