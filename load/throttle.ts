// A proxy that lets only so many bytes per second pass each way, as a slow link does: its sender is held back, too.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const sliceMs = 10

export interface SlowWay {
  readonly address: string
  close(): Promise<void>
}

export async function throttle(address: string, bytesPerSecond: number): Promise<SlowWay> {
  const { hostname, port } = new URL(address)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    void pass(near, far, bytesPerSecond)
    void pass(far, near, bytesPerSecond)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

async function pass(from: Socket, to: Socket, bytesPerSecond: number): Promise<void> {
  let dueAtMs = performance.now()
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      dueAtMs = Math.max(dueAtMs, performance.now() - sliceMs) + (chunk.length / bytesPerSecond) * 1_000
      if (!to.write(chunk)) await once(to, 'drain')
      const leftMs = dueAtMs - performance.now()
      if (leftMs > sliceMs) await sleep(leftMs)
    }
  } catch {
    // One side is gone.
  }
  from.destroy()
  to.destroy()
}
