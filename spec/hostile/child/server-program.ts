// The attacked server, a process of its own: `server-program.ts <limits as JSON>`. It tells its parent where it
// listens, and when it is asked, what it holds and for how long its event loop stood still.
//
//   parent: { id, ask }  ──>  child: { id, ...figures }
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Guard, type Limits, Server } from '../../../lib/index.ts'
import { Echo, Flood, Hold, Ignore } from '../arena-actions.ts'

export type Ask = 'begin' | 'end'

/** What the child says of itself. */
export interface Figures {
  /** What is reachable: the heap and what it holds outside, after the collector ran. */
  readonly heldBytes: number
  readonly rssBytes: number
  /** The longest time since 'begin' that the event loop did not turn. */
  readonly blockedMs: number
  /** The time on the processor since 'begin'. */
  readonly cpuMs: number
  readonly sessions: number
  readonly runningCalls: number
}

/** Believes the name that it is told, so that sessions have owners. */
class Believer extends Guard<string> {
  check(name: string | undefined) {
    return name === undefined ? true : { id: name }
  }
}

const resolutionMs = 1
/** The collector's own standstill, and the histogram's next tick, are over by then. */
const settleMs = 3

const limits = JSON.parse(process.argv[2] ?? '{}') as Partial<Limits>
const server = new Server({ port: 0, limits, guards: [new Believer()] })
server.addAction(new Echo()).addAction(new Hold()).addAction(new Flood()).addAction(new Ignore())
const delays = monitorEventLoopDelay({ resolution: resolutionMs })
delays.enable()
let cpuAtBegin = process.cpuUsage()

/** Twice, because byte arrays are given back some turns after the collector ran. */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.()
    await nextTurn()
  }
}

async function figures(ask: Ask): Promise<Figures> {
  const blockedMs = Math.max(0, delays.max / 1e6 - resolutionMs)
  const cpu = process.cpuUsage(cpuAtBegin)
  await collectGarbage()
  // `external` counts the byte arrays too.
  const { heapUsed, external, rss } = process.memoryUsage()
  if (ask === 'begin') {
    await sleep(settleMs)
    delays.reset()
    cpuAtBegin = process.cpuUsage()
  }
  return {
    heldBytes: heapUsed + external,
    rssBytes: rss,
    blockedMs,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    sessions: server.sessions.length,
    runningCalls: server.sessions.reduce((sum, session) => sum + session.core.runningCount, 0),
  }
}

process.on('message', ({ id, ask }: { id: number; ask: Ask }) => {
  void figures(ask).then((answer) => process.send?.({ id, ...answer }))
})
// The parent is gone: nobody will end this process any more.
process.once('disconnect', () => process.exit(0))
await server.listen()
process.send?.({ address: server.addresses[0] })
