// Peers on WebSockets that send and do not read: what waits for them is bounded as on every link, and others are served.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import { formatAddress } from '../../lib/core/link/address.ts'
import { WebSocketLink, webSocketBounds } from '../../lib/core/link/web-socket-link.ts'
import { Action, type Context } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Echo, type Serving, WebWorld } from '../web/web-world.ts'

const mebibyte = 1024 * 1024

/** Yields quarters of a mebibyte, without end. */
class Flood extends Action {
  yielded = 0

  async *action(_: undefined, { signal }: Context) {
    while (!signal.aborted) {
      this.yielded++
      yield new Uint8Array(mebibyte / 4)
    }
  }
}

/** Emits without waiting, until it is told that it is too much. */
class Hasty extends Action {
  emitted = 0
  code = ''

  async action(_: undefined, { emit, signal }: Context<string>) {
    const item = 'x'.repeat(64 * 1024)
    while (!signal.aborted && this.code === '' && this.emitted < 10_000) {
      this.emitted++
      emit(item).catch((error: { code: string }) => {
        this.code = error.code
      })
      if (this.emitted % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

describe('Hostile peers: slow readers of a WebSocket', () => {
  let world: WebWorld
  let serving: Serving

  beforeEach(async () => {
    world = new WebWorld()
    // Wide windows on both sides, so that the link is what stops the stream.
    serving = await world.serve({}, { limits: { maxWriteQueueBytes: 2 * mebibyte, streamWindowBytes: 64 * mebibyte } })
  })

  afterEach(async () => {
    expect(await world.client(serving.web.address).runAction(Echo, 'still')).to.equal('still')
    await world.close()
  })

  /** A client, and what stops it from reading. */
  async function reader() {
    let socket: WebSocket | undefined
    const client = world.client(serving.web.address, {
      limits: { streamWindowBytes: 64 * mebibyte },
      dial: async (address) => {
        socket = new WebSocket(formatAddress(address), 'isock', webSocketBounds)
        const upgraded = once(socket, 'upgrade') as Promise<[IncomingMessage]>
        await once(socket, 'open')
        const [{ socket: stream }] = await upgraded
        return new WebSocketLink(socket, stream, { transport: 'websocket', description: 'slow', isPrivate: true })
      },
    })
    await client.connect()
    world.later(() => socket?.resume())
    return { client, stop: () => socket?.pause() }
  }

  it('stop a stream, and nothing else', async () => {
    const flood = new Flood()
    serving.server.addAction(flood)
    const { client, stop } = await reader()
    const call = client.runAction('Flood')
    const iterator = call[Symbol.asyncIterator]()
    await iterator.next()
    stop()
    let last = -1
    await waitFor(
      async () => {
        if (flood.yielded === last) return true
        last = flood.yielded
        await new Promise((resolve) => setTimeout(resolve, 100))
        return false
      },
      { timeoutMs: 8_000 },
    )
    expect(flood.yielded * 0.25).to.be.below(64)
    call.cancel()
    await call.outcome()
  })

  it('stop an action that emits without waiting, at maxWriteQueueBytes', async () => {
    const hasty = new Hasty()
    serving.server.addAction(hasty)
    const { client, stop } = await reader()
    stop()
    const call = client.runAction('Hasty')
    await waitFor(() => hasty.code !== '', { timeoutMs: 8_000 })
    expect(hasty.code).to.equal('BUSY')
    expect(hasty.emitted * 64 * 1024).to.be.below(40 * mebibyte)
    call.cancel()
    await call.outcome()
  })
})
