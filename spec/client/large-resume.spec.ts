// Many large calls in flight when their link is lost: they are said again as fast as the new link takes them.

import { once } from 'node:events'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { Action, Client, Server, UnsendableError } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'

class Measure extends Action<Uint8Array, number> {}
class Sum extends Action<AsyncIterable<string>, number> {}

describe('large calls over a new link', () => {
  let server: Server
  let proxy: NetServer
  const sockets = new Set<Socket>()

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    proxy?.close()
    await server.shutdown({ graceMs: 0 })
  })

  it('are all joined, however much they are together', async () => {
    const started = new Set<number>()
    let release: (() => void) | undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    server = new Server({ port: 0 })
    server.addAction(Measure, async (bytes) => {
      if (started.has(bytes[0] as number)) throw new Error('it ran twice')
      started.add(bytes[0] as number)
      await released
      return bytes.length
    })
    await server.listen()
    const port = Number(new URL(server.addresses[0] as string).port)
    proxy = createServer((near) => {
      const far = connect({ port, host: '127.0.0.1' })
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from)
        from.on('error', () => undefined)
        from.pipe(to)
      }
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    await using client = new Client('127.0.0.1', (proxy.address() as { port: number }).port)
    const calls = Array.from({ length: 12 }, (_, i) => client.runAction(Measure, new Uint8Array(3_000_000).fill(i)))
    await waitFor(() => started.size === 12, { what: 'all of them to run', timeoutMs: 8_000 })
    for (const socket of sockets) socket.destroy()
    await waitFor(() => client.isConnected, { what: 'another link' })
    release?.()
    expect(await Promise.all(calls)).to.deep.equal(Array.from({ length: 12 }, () => 3_000_000))
  })

  it('refuses an input item that the server would not take, and goes on', async () => {
    server = new Server({ port: 0, limits: { maxFrameBytes: 10_000 } })
    server.addAction(Sum, async (texts) => {
      let sum = 0
      for await (const text of texts) sum += text.length
      return sum
    })
    await server.listen()
    await using client = new Client(server.addresses[0] as string, { retry: 0 })
    async function* texts(size: number): AsyncGenerator<string> {
      yield 'small'
      yield 'x'.repeat(size)
    }
    const outcome = await client.runAction(Sum, texts(20_000)).outcome()
    expect(outcome.ok ? undefined : outcome.error)
      .to.be.instanceOf(UnsendableError)
      .and.include({ code: 'TOO_LARGE' })
    expect(await client.runAction(Sum, texts(100))).to.equal(105)
  })
})
