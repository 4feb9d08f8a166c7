// What the daemon keeps for paths, and what a stream keeps of messages that nobody takes yet.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { platformClock } from '../../lib/core/base/clock.ts'
import { DeliveryQueue } from '../../lib/tracim/delivery-queue.ts'
import { LiveMessages } from '../../lib/tracim/live-messages.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { FakeTracim } from './fake-tracim.ts'
import { TracimWorld } from './tracim-world.ts'

describe('what the tracim gateway keeps', () => {
  let world: TracimWorld

  beforeEach(() => {
    world = new TracimWorld()
  })

  afterEach(() => world.close())

  it('is nothing of a path to which all was delivered', async () => {
    const lost: string[] = []
    const post = new DeliveryQueue({
      clock: platformClock,
      ownPath: world.masterPath,
      deliveryTimeoutMs: 1_000,
      busyTimeoutMs: 1_000,
      maxDeliveries: 1,
      maxQueued: 10,
      maxQueuedBytes: 1_000,
      maxPaths: 1,
      onLost: (_path, reason) => lost.push(reason),
    })
    const [one, two] = [await world.rawClient('one'), await world.rawClient('two')]
    const document = Buffer.from('{}')
    post.send(one.path, document)
    post.send(two.path, document)
    await waitFor(() => one.received.length === 1 && lost.length === 1)
    expect(lost).to.deep.equal(['events wait for 1 other paths'])
    // Its room is free a moment after the other side has got it.
    await waitFor(async () => {
      lost.length = 0
      post.send(two.path, document)
      await Promise.resolve()
      return lost.length === 0
    })
    await waitFor(() => two.received.length === 1)
    post.close()
  })

  it('is delivered by no more connections at a time than maxDeliveries', async () => {
    const accepted: Record<string, Socket[]> = {}
    const paths = ['one', 'two', 'three'].map((name) => join(dirname(world.masterPath), `${name}.sock`))
    const listeners = paths.map((path) => {
      const sockets: Socket[] = []
      accepted[path] = sockets
      const onSocket = (socket: Socket): void => void sockets.push(socket.on('error', () => undefined))
      return createServer({ pauseOnConnect: true }, onSocket).listen(path)
    })
    await Promise.all(listeners.map((listener) => once(listener, 'listening')))
    const countAt = (path: string | undefined): number => accepted[path as string]?.length ?? 0
    const post = new DeliveryQueue({
      clock: platformClock,
      ownPath: world.masterPath,
      deliveryTimeoutMs: 20_000,
      busyTimeoutMs: 20_000,
      maxDeliveries: 2,
      maxQueued: 10,
      maxQueuedBytes: 100_000_000,
      maxPaths: 10,
      onLost: () => undefined,
    })
    const [one, two, three] = paths
    // More than the kernel keeps for a reader that does not read.
    for (const path of paths) post.send(path, Buffer.alloc(8_000_000))
    // A socket accepts in the order in which was connected: what is behind the deliveries comes after them.
    const probe = connect(three as string, () => probe.write('the probe'))
    await waitFor(() => countAt(one) === 1 && countAt(two) === 1 && countAt(three) > 0)
    const first = accepted[three as string]?.[0] as Socket
    first.resume()
    const [chunk] = await once(first, 'data')
    expect(String(chunk)).to.equal('the probe')
    probe.destroy()
    accepted[one as string]?.[0]?.resume()
    await waitFor(() => countAt(three) === 2)
    post.close()
    for (const socket of Object.values(accepted).flat()) socket.destroy()
    await Promise.all(listeners.map((listener) => once(listener.close(), 'close')))
  })

  longIt('is no more of a stream than is taken soon', async () => {
    const tracim = new FakeTracim()
    await tracim.listen()
    const { statusCode, cookie } = await login(tracim)
    expect(statusCode).to.equal(200)
    const stream = await LiveMessages.open({
      login: { headers: { Cookie: cookie }, userId: '42', urlOf: (endpoint) => new URL(tracim.url + endpoint) },
      lastEventId: undefined,
      maxEventBytes: 1_000_000,
      silenceMs: 60_000,
      clock: platformClock,
      log: world.log,
    })
    await waitFor(() => tracim.streams.length === 1)
    for (let i = 0; i < 300; i++) tracim.emit('large', 'x'.repeat(100_000))
    const waiting = () => tracim.streams[0]?.writableLength ?? 0
    await waitFor(() => waiting() > 1_000_000, { what: 'the messages on their way' })
    const isAllRead = await waitFor(() => waiting() === 0, { timeoutMs: 500 }).catch(() => false)
    expect(isAllRead).to.equal(false)
    let count = 0
    while (count < 300 && (await stream.next()) !== undefined) count++
    expect(count).to.equal(300)
    stream.close()
    expect(await stream.next()).to.equal(undefined)
    await tracim.close()
  })
})

async function login({ url, password }: FakeTracim): Promise<{ statusCode: number; cookie: string }> {
  const response = await fetch(`${url}/auth/login`, { method: 'POST', body: JSON.stringify({ password }) })
  await response.text()
  const cookie = response.headers.getSetCookie().find((text) => text.startsWith('session_key')) as string
  return { statusCode: response.status, cookie: cookie.split(';')[0] as string }
}
