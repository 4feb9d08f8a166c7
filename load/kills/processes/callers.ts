// The callers of the killed servers: clients of several habits, each with several calls at a time, in one process. Takes the orders `start`,
// `counts` and `stop`. Each outcome is a line of the file of outcomes, written when the caller has it.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../../../lib/index.ts'
import { SeededRandom } from '../../../lib/testing/seeded-random.ts'
import { takeOrders } from '../../processes/orders.ts'
import { type CallKind, OpenBank, type Outcome } from '../contracts.ts'
import { askOnce, callerOptions } from './calls.ts'

export interface CallerPlace {
  readonly addresses: readonly string[]
  /** The same servers, over links that are cut. */
  readonly cutAddresses: readonly string[]
  readonly outcomes: string
  readonly seed: number
  /** The longest pause between two calls of a lane. */
  readonly pauseMs: number
}

/** What has happened so far. */
export interface CallerCounts {
  readonly words: Readonly<Record<string, number>>
  readonly retries: number
  readonly clients: number
}

class Callers {
  readonly #place: CallerPlace
  readonly #random: SeededRandom
  readonly #words: Record<string, number> = {}
  #retries = 0
  #clients = 0
  #isOver = false
  #running: Promise<unknown> = Promise.resolve()

  constructor(place: CallerPlace) {
    this.#place = place
    this.#random = new SeededRandom(place.seed)
  }

  async start(): Promise<void> {
    const client = new Client([...this.#place.addresses], callerOptions)
    // With a key: an answer that is lost with the session is found again.
    await client.runAction(OpenBank, null, { key: 'open the bank' })
    await client.close()
    const { addresses, cutAddresses } = this.#place
    const habits = [
      this.#steady(addresses, 0),
      this.#steady(addresses, 1),
      this.#steady(addresses, 2),
      this.#steady(cutAddresses, 0),
      this.#coming(addresses, 1),
    ]
    this.#running = Promise.all(habits)
  }

  async stop(): Promise<CallerCounts> {
    this.#isOver = true
    await this.#running
    return this.counts
  }

  get counts(): CallerCounts {
    return { words: this.#words, retries: this.#retries, clients: this.#clients }
  }

  /** One client for the whole time. `first`: which address it tries first. */
  async #steady(addresses: readonly string[], first: number): Promise<void> {
    await this.#client(addresses, first, Number.POSITIVE_INFINITY)
  }

  /** A new client, with a new session, after a few calls. */
  async #coming(addresses: readonly string[], first: number): Promise<void> {
    for (let i = first; !this.#isOver; i++) await this.#client(addresses, i, this.#random.between(1, 12))
  }

  async #client(addresses: readonly string[], first: number, callsEach: number): Promise<void> {
    const at = first % addresses.length
    const name = this.#clients++
    const client = new Client([...addresses.slice(at), ...addresses.slice(0, at)], callerOptions)
    // A draining server, and one that is gone before it has recorded its session, give way to a new session.
    const sessions: string[] = []
    client.on('connect', () => {
      if (sessions.at(-1) !== client.sessionId) sessions.push(client.sessionId)
    })
    const answered = new Set<string>()
    const lane = async (number: number): Promise<void> => {
      for (let i = 0; i < callsEach && !this.#isOver; i++) {
        const id = `${name}.${number}.${i}`
        const kind = this.#random.pick<CallKind>(['transfer', 'transfer', 'append', 'append', 'effect']) as CallKind
        const before = client.sessionId
        const heard = await askOnce(client, { id, kind }, () => void this.#retries++)
        if (heard.word === 'ok' || heard.word === 'refused') answered.add(before)
        // The session before the current one is the lost one.
        const isFirst = heard.word === 'unknown' && !answered.has(sessions.at(-2) ?? '')
        this.#words[heard.word] = (this.#words[heard.word] ?? 0) + 1
        const session = heard.word === 'ok' ? {} : { session: client.sessionId, sessions: sessions.slice(-3) }
        const outcome: Outcome = { id, kind, ...heard, ...(isFirst ? { isFirst } : {}), ...session }
        appendFileSync(this.#place.outcomes, `${JSON.stringify(outcome)}\n`)
        await sleep(this.#random.next() * this.#place.pauseMs)
      }
    }
    await Promise.all([lane(0), lane(1), lane(2)])
    await client.close()
  }
}

const callers = new Callers(JSON.parse(process.argv[2] as string) as CallerPlace)
takeOrders({ start: () => callers.start(), counts: () => callers.counts, stop: () => callers.stop() })
