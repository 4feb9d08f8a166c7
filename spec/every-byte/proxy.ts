// A TCP proxy that disturbs the first connection at one byte of one direction, or hands bytes on in odd pieces.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Direction = 'to server' | 'to client'
export type Disturbance = 'fin' | 'reset' | 'stall'

export interface ProxyPlan {
  /** After so many bytes in this direction, on the first connection. */
  readonly cut?: { readonly direction: Direction; readonly afterBytes: number; readonly how: Disturbance }
  /** How a chunk is handed on. */
  readonly pieces?: (chunk: Buffer, direction: Direction, offset: number) => Buffer[]
}

export class TcpProxy {
  /** Bytes that the first connection carried, by direction. */
  readonly carried: Record<Direction, number> = { 'to server': 0, 'to client': 0 }
  /** Whether the planned cut was made. */
  hasCut = false
  readonly #plan: ProxyPlan
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #connections = 0

  private constructor(plan: ProxyPlan, targetPort: number) {
    this.#plan = plan
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
      const isFirst = ++this.#connections === 1
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.once('close', () => this.#sockets.delete(socket))
      }
      this.#pipe(near, far, 'to server', isFirst)
      this.#pipe(far, near, 'to client', isFirst)
    })
  }

  static async start(plan: ProxyPlan, targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(plan, targetPort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pipe(from: Socket, to: Socket, direction: Direction, isFirst: boolean): void {
    const { cut, pieces } = this.#plan
    let isStalled = false
    let carried = 0
    let handing = Promise.resolve()
    from.on('data', (chunk: Buffer) => {
      if (isStalled) return
      const left = isFirst && cut?.direction === direction ? cut.afterBytes - carried : Number.POSITIVE_INFINITY
      const passed = chunk.length <= left ? chunk : chunk.subarray(0, left)
      const offset = carried
      carried += passed.length
      if (isFirst) this.carried[direction] = carried
      if (pieces === undefined) to.write(passed)
      else handing = handing.then(() => handOn(pieces(passed, direction, offset), to))
      if (cut === undefined || chunk.length < left) return
      isStalled = true
      this.hasCut = true
      // What was passed leaves before the cut.
      setImmediate(() => disturb(from, to, cut.how))
    })
    from.on('end', () => {
      if (!isStalled) void handing.then(() => to.end())
    })
    from.on('close', () => {
      if (!isStalled) void handing.then(() => to.destroySoon())
    })
  }
}

async function handOn(pieces: Buffer[], to: Socket): Promise<void> {
  for (const piece of pieces) {
    to.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function disturb(from: Socket, to: Socket, how: Disturbance): void {
  if (how === 'stall') return
  for (const socket of [from, to]) {
    if (how === 'fin') socket.end()
    else socket.resetAndDestroy()
  }
}
