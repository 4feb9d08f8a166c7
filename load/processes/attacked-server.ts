// The attacked server, with default limits, where no others are given: { do: 'listen', limits }, 'begin' for a new count, 'peaks' for what was most since then.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { http } from '../../lib/gateways/http/http.ts'
import { Channel, type Limits, Server } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { Burn, Echo, Ignore, Keep, Make, MakeItems, UntilCancelled } from '../actions.ts'
import { takeOrders } from './orders.ts'

/** How often it looks. */
const lookEachMs = 50

/** Everybody may publish, into rooms with any key. */
class Board extends Channel<string> {
  static override history = { size: 100, ttlMs: 600_000 }

  override canPublish() {
    return true
  }
}

export interface Peaks {
  readonly rssBytes: number
  readonly arrayBufferBytes: number
  readonly heapBytes: number
  readonly heldBytes: number
  readonly maxHeldBytes: number
  readonly sessions: number
  readonly shed: number
  /** The longest that its event loop stood still. */
  readonly blockedMs: number
  /** Of the processor that it wanted, it got this part: the rest went to other work on the machine. */
  readonly processorShare: number
  /** Of what kind it was, when most was held. */
  readonly held: Readonly<Record<string, number>>
}

let server: Server
const delays = monitorEventLoopDelay({ resolution: 10 })
let most: Peaks
let began = { loop: performance.eventLoopUtilization(), cpu: process.cpuUsage() }

function nothing(): Peaks {
  const { maxHeldBytes, shed } = server.usage
  return {
    rssBytes: 0,
    arrayBufferBytes: 0,
    heapBytes: 0,
    heldBytes: 0,
    maxHeldBytes,
    sessions: 0,
    shed,
    blockedMs: 0,
    processorShare: 1,
    held: {},
  }
}

function look(): void {
  const { rss, arrayBuffers, heapUsed } = process.memoryUsage()
  const { heldBytes, held, shed, places } = server.usage
  most = {
    ...most,
    rssBytes: Math.max(most.rssBytes, rss),
    arrayBufferBytes: Math.max(most.arrayBufferBytes, arrayBuffers),
    heapBytes: Math.max(most.heapBytes, heapUsed),
    heldBytes: Math.max(most.heldBytes, heldBytes),
    sessions: Math.max(most.sessions, places['sessions']?.taken ?? 0),
    held: heldBytes >= most.heldBytes ? held : most.held,
    shed,
  }
}

function processorShare(): number {
  const { active } = performance.eventLoopUtilization(began.loop)
  const { user, system } = process.cpuUsage(began.cpu)
  return Math.min(1, (user + system) / 1_000 / Math.max(1, active))
}

function burn(costMs: number): number {
  const endAtMs = performance.now() + costMs
  while (performance.now() < endAtMs);
  return costMs
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

function serve(limits: Partial<Limits>): Server {
  return new Server({ host: '127.0.0.1', port: 0, limits })
    .addChannel(new Board())
    .addAction(Echo, (value) => value)
    .addAction(Burn, burn)
    .addAction(Make, async ({ bytes, afterMs }) => {
      await sleep(afterMs)
      return new Uint8Array(bytes)
    })
    .addAction(MakeItems, async function* ({ items, bytes }) {
      for (let i = 0; i < items; i++) yield new Uint8Array(bytes)
      return undefined
    })
    .addAction(Ignore, (_items, { signal }) => untilAborted(signal))
    .addAction(UntilCancelled, (_data, { signal }) => untilAborted(signal))
    .addAction(Keep, async (data, { signal }) => {
      await untilAborted(signal).catch(() => undefined)
      return Array.isArray(data) ? data.length : 0
    })
}

takeOrders({
  async listen({ limits }: { limits: Partial<Limits> }): Promise<{ address: string; webPort: number }> {
    server = serve(limits)
    most = nothing()
    await server.listen()
    const { url } = await listenWeb(server, { host: '127.0.0.1', port: 0, gateways: [http()] })
    delays.enable()
    setInterval(look, lookEachMs).unref()
    return { address: server.addresses[0] as string, webPort: Number(new URL(url).port) }
  },
  async begin(): Promise<Peaks> {
    globalThis.gc?.()
    await sleep(100)
    most = nothing()
    delays.reset()
    began = { loop: performance.eventLoopUtilization(), cpu: process.cpuUsage() }
    look()
    return most
  },
  peaks(): Peaks {
    look()
    return { ...most, blockedMs: delays.max / 1e6, processorShare: processorShare() }
  },
  /** Garbage included that was not collected yet. */
  now(): Peaks {
    globalThis.gc?.()
    const { rss, arrayBuffers, heapUsed } = process.memoryUsage()
    const { heldBytes, held } = server.usage
    return { ...most, rssBytes: rss, arrayBufferBytes: arrayBuffers, heapBytes: heapUsed, heldBytes, held }
  },
})
