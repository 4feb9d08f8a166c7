// One server in virtual time and memory, with an honest client, for many sequences one after the other: after each, the
// honest client is served and nothing of the peer is left.
import { silentLogger } from '../../lib/core/base/log.ts'
import { MemoryNetwork } from '../../lib/core/link/memory-network.ts'
import { Action, Client, type Context, Server } from '../../lib/index.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { FuzzPeer } from './fuzz-peer.ts'
import { type Step, slots } from './sequence.ts'

const limits = {
  maxCallsInFlight: slots,
  maxFrameBytes: 64 * 1024,
  streamWindowBytes: 8 * 1024,
  maxInFlightBytes: 32 * 1024,
  maxLedgerBytes: 16 * 1024,
  maxSessions: 4,
  sessionLeaseMs: 800,
  handshakeTimeoutMs: 500,
}
/** Past every lease and handshake. */
const untilAllIsOverMs = 1_500
/** A heartbeat at each end of its link, and a sweep of its deadlines. */
const timersOfTheHonest = 3

export class SequenceWorld {
  readonly #clock: VirtualClock
  readonly #network: MemoryNetwork
  readonly #server: Server
  readonly #honest: Client
  /** How often each call was run, by session and number. */
  readonly #runs = new Map<string, number>()
  readonly #uncaught: unknown[]
  /** Handlers that have begun and not ended. */
  #open = 0
  #sequence = 0

  private constructor(uncaught: unknown[]) {
    this.#uncaught = uncaught
    this.#clock = new VirtualClock()
    this.#network = new MemoryNetwork()
    const clock = this.#clock
    const network = this.#network
    this.#server = new Server({ address: 'memory:server', network, clock, limits, log: silentLogger })
    const witness = {
      begins: (context: Pick<Context, 'session' | 'callId'>) => this.#onRun(context),
      ends: () => void this.#open--,
    }
    for (const action of witnessed(witness)) this.#server.addAction(action)
    this.#honest = new Client('memory:server', { network, clock, random: () => 0.5, keepConnected: true })
  }

  /** `uncaught`: where the process puts what nobody caught. */
  static async open(uncaught: unknown[]): Promise<SequenceWorld> {
    const world = new SequenceWorld(uncaught)
    await world.#server.listen()
    await world.#honest.connect()
    return world
  }

  /** Throws where a promise is broken. */
  async run(steps: readonly Step[]): Promise<void> {
    this.#runs.clear()
    const peer = new FuzzPeer(this.#network, slots)
    for (const step of steps) await this.#do(step, peer)
    await settle()
    await this.#serveHonest()
    peer.leave()
    await this.#clock.advance(untilAllIsOverMs)
    await this.#serveHonest()
    this.#judge(peer)
  }

  async #do(step: Step, peer: FuzzPeer): Promise<void> {
    switch (step.what) {
      case 'send':
        return peer.send(step.bytes)
      case 'enter':
        peer.enter(step.bytes)
        return settle()
      case 'resume':
        peer.resume()
        return settle()
      case 'wait':
        return this.#clock.advance(step.ms)
      case 'settle':
        return settle()
      default:
        peer[step.what]()
    }
  }

  async #serveHonest(): Promise<void> {
    const value = ++this.#sequence
    const answer = await this.#clock.until(this.#honest.runAction('Echo', value), 10_000)
    if (answer !== value) throw new Error(`the honest client sent ${value} and got ${String(answer)}`)
  }

  #judge(peer: FuzzPeer): void {
    const faults = [...peer.faults()]
    for (const [call, count] of this.#runs) if (count > 1) faults.push(`call ${call} ran ${count} times`)
    const { sessions } = this.#server
    if (sessions.length !== 1) faults.push(`${sessions.length - 1} sessions are left`)
    if (this.#open > 0) faults.push(`${this.#open} handlers still run`)
    const timers = this.#clock.pendingCount
    if (timers > timersOfTheHonest) faults.push(`${timers - timersOfTheHonest} timers are left`)
    for (const error of this.#uncaught.splice(0)) {
      faults.push(`nobody caught ${error instanceof Error ? error.stack : String(error)}`)
    }
    if (faults.length > 0) throw new Error(faults.join('\n'))
  }

  #onRun({ session, callId }: Pick<Context, 'session' | 'callId'>): void {
    this.#open++
    const call = `${session.id}/${callId}`
    this.#runs.set(call, (this.#runs.get(call) ?? 0) + 1)
  }
}

/** Told when a handler begins and when it ends. */
interface Witness {
  begins(context: Pick<Context, 'session' | 'callId'>): void
  ends(): void
}

/** One action of each shape. */
function witnessed(witness: Witness): Action[] {
  class Echo extends Action {
    action(value: unknown, context: Context) {
      witness.begins(context)
      witness.ends()
      return value
    }
  }
  class Hold extends Action {
    async action(_data: unknown, context: Context) {
      witness.begins(context)
      const { signal } = context
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      witness.ends()
    }
  }
  class Stream extends Action {
    async *action(value: unknown, context: Context) {
      witness.begins(context)
      try {
        for (let i = 0; i < 12; i++) yield [i, value]
        return 'end'
      } finally {
        witness.ends()
      }
    }
  }
  class Collect extends Action {
    async action(items: AsyncIterable<unknown>, context: Context) {
      witness.begins(context)
      let count = 0
      try {
        for await (const _item of items) count++
        return count
      } finally {
        witness.ends()
      }
    }
  }
  class Throw extends Action {
    action(value: unknown, context: Context) {
      witness.begins(context)
      witness.ends()
      throw value === undefined ? undefined : new TypeError(String(value), { cause: value })
    }
  }
  class CallBack extends Action {
    async action(value: unknown, context: Context) {
      witness.begins(context)
      try {
        const call = context.client.runAction('Anything', value, { timeoutMs: 300 })
        for await (const _item of call);
        return await call
      } finally {
        witness.ends()
      }
    }
  }
  return [new Echo(), new Hold(), new Stream(), new Collect(), new Throw(), new CallBack()]
}
