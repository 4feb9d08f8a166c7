// What an attack is, and what it works with: a server to attack, addresses to come from, and when it is over.
import { setTimeout as sleep } from 'node:timers/promises'
import { RawLink } from './raw-link.ts'

export interface Target {
  readonly host: string
  readonly port: number
  readonly webPort: number
}

/** `one`: all of it comes from one address; `many`: from a new one each time, of some hundred. */
export type Origin = 'one' | 'many'

export interface Attack {
  readonly name: string
  readonly title: string
  /** Only with this origin. Default: with both. */
  readonly origin?: Origin
  run(front: Front): Promise<void>
}

/** Those of `many`; all of 127.0.0.0/8 is loopback on Linux. */
const addressCount = 500
const oneAddress = '127.0.0.2'
/** After something was refused. */
const restMs = 20

export class Front {
  readonly target: Target
  readonly #origin: Origin
  readonly #endAtMs: number
  readonly #links = new Set<RawLink>()
  readonly #counts: Record<string, number> = {}
  #next = 0

  constructor(target: Target, origin: Origin, seconds: number) {
    this.target = target
    this.#origin = origin
    this.#endAtMs = performance.now() + seconds * 1_000
  }

  get isOver(): boolean {
    return performance.now() >= this.#endAtMs
  }

  /** What was done how often, for the table. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts
  }

  count(what: string, by = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + by
  }

  /** Where the next connection comes from. */
  address(): string {
    if (this.#origin === 'one') return oneAddress
    const number = this.#next++ % addressCount
    return `127.1.${Math.floor(number / 250)}.${(number % 250) + 1}`
  }

  /** A link that has said nothing. */
  async link(port = this.target.port, address = this.address()): Promise<RawLink> {
    const link = new RawLink(this.target.host, port, address)
    this.#links.add(link)
    link.socket.once('close', () => this.#links.delete(link))
    await link.connected
    return link
  }

  /** A link with a session of its own. */
  async guest(names: readonly string[] = []): Promise<RawLink> {
    const link = await this.link()
    await link.enter()
    this.count('sessions')
    link.introduce(names)
    return link
  }

  /** Does this in so many lanes, again and again until it is over, whatever becomes of it. */
  async lanes(count: number, act: (lane: number) => Promise<void>): Promise<void> {
    const lane = async (number: number): Promise<void> => {
      while (!this.isOver) {
        try {
          await act(number)
        } catch {
          this.count('refused')
          await sleep(restMs)
        }
      }
    }
    await Promise.all(Array.from({ length: count }, (_, number) => lane(number)))
  }

  /** Until it is over, this at most. */
  async pause(ms: number): Promise<void> {
    await sleep(Math.max(0, Math.min(ms, this.#endAtMs - performance.now())))
  }

  /** Drops all links. */
  close(): void {
    for (const link of this.#links) link.drop()
  }
}
