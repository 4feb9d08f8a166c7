// One of the servers: its process, and the relay between it and PostgreSQL, which knows the phases of its commits.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Relay } from '../../spec/data/relay.ts'
import { ServerProcess, type ServerProcessOptions } from '../../spec/setup/server-process.ts'
import type { AimOrder } from './processes/aim.ts'

/** How long an aimed fault waits for its phase. */
const phaseMs = 6_000
/** How long a server may take to come back: its store may be away. */
const returnMs = 60_000
const pollMs = 20

/** Where a commit is, as a relay sees it. */
export type CommitPhase = 'answer row sent' | 'COMMIT sent' | 'commit answered'

export class Site {
  readonly relay: Relay | undefined
  readonly #server: ServerProcess
  #onAimed: (() => void) | undefined

  constructor(program: string, place: object, relay: Relay | undefined, options: ServerProcessOptions) {
    this.relay = relay
    const onLine = (line: string): void => {
      if (line === 'aimed') this.#onAimed?.()
    }
    this.#server = new ServerProcess(program, [JSON.stringify(place)], { ...options, onLine, takesOrders: true })
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  /** Starts it unless it runs, again and again while the store is away. */
  async comeBack(): Promise<void> {
    const endAtMs = performance.now() + returnMs
    while (this.#server.pid === undefined) {
      try {
        await this.#server.start()
      } catch (error) {
        if (performance.now() > endAtMs) throw error
        await sleep(pollMs)
      }
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#server.signal(name)
  }

  kill(): Promise<void> {
    return this.#server.kill()
  }

  /** Resolves when it has ended. Kills it if that takes too long. */
  async ended(mostMs: number): Promise<void> {
    const timer = setTimeout(() => this.#server.signal('SIGKILL'), mostMs)
    await this.#server.ended()
    clearTimeout(timer)
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  /** The server ends or stops itself at a phase of a handler, or of a commit to a file. False: none came in time. */
  aim(order: AimOrder): Promise<boolean> {
    return this.#comes((reached) => {
      this.#onAimed = reached
      this.#server.order(order)
    })
  }

  /** Calls `act` in the phase, before the bytes are passed; true cuts the links to the store in their place. False: none came in time. */
  at(phase: CommitPhase, act: () => boolean): Promise<boolean> {
    const { relay } = this
    if (relay === undefined) return Promise.resolve(false)
    return this.#comes((reached) => {
      const doIt = (): boolean => {
        relay.onSent = undefined
        relay.onAnswered = undefined
        reached()
        return act()
      }
      relay.onSent = (bytes) => {
        if (phase === 'answer row sent') return bytes.includes('isock_answer') && bytes.includes('insert') && doIt()
        if (!bytes.includes('COMMIT')) return false
        if (phase === 'COMMIT sent') return doIt()
        relay.onAnswered = (answer) => answer.includes('COMMIT') && doIt()
        return false
      }
    }).finally(() => {
      relay.onSent = undefined
      relay.onAnswered = undefined
    })
  }

  async #comes(arm: (reached: () => void) => void): Promise<boolean> {
    let hasCome = false
    arm(() => {
      hasCome = true
    })
    const endAtMs = performance.now() + phaseMs
    while (!hasCome && performance.now() < endAtMs && this.#server.pid !== undefined) await sleep(pollMs)
    this.#onAimed = undefined
    return hasCome
  }
}
