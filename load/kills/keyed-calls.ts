// Calls with a key, each from a process of its own, which is killed, and run again until the call is answered.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '../../lib/testing/seeded-random.ts'
import type { CallKind, Outcome } from './contracts.ts'
import type { KeyedPlace } from './processes/keyed-caller.ts'

/** How long one process may ask. A durable call whose server is gone is not known to be cut for five minutes: it stays open. */
const askMs = { transfer: 600_000, append: 600_000, effect: 20_000 }
const mostKills = 3
const mostAsks = 6

export interface KeyedCallsPlace {
  readonly program: string
  readonly addresses: readonly string[]
  readonly outcomes: string
  /** The file descriptor of errors. */
  readonly errors: number
}

export class KeyedCalls {
  /** Processes that were killed. */
  kills = 0
  readonly words: Record<string, number> = {}
  readonly #place: KeyedCallsPlace
  readonly #random: SeededRandom
  readonly #children = new Set<ChildProcess>()
  #isOver = false
  #isClosed = false

  constructor(place: KeyedCallsPlace, random: SeededRandom) {
    this.#place = place
    this.#random = random
  }

  /** Makes calls until `stop`, one after the other. Settles when the last one is answered, or left open. */
  async run(name: string): Promise<void> {
    for (let i = 0; !this.#isOver; i++) {
      const kind = this.#random.pick<CallKind>(['transfer', 'append', 'effect']) as CallKind
      await this.#call({ addresses: this.#place.addresses, kind, id: `${name}.${i}`, timeoutMs: askMs[kind] })
      await sleep(this.#random.between(200, 1_500))
    }
  }

  stop(): void {
    this.#isOver = true
  }

  /** Kills the processes. */
  close(): void {
    this.#isOver = true
    this.#isClosed = true
    for (const child of this.#children) child.kill('SIGKILL')
  }

  async #call(asked: KeyedPlace): Promise<void> {
    let kills = 0
    for (let asks = 0; asks < mostAsks && !this.#isClosed; ) {
      const isToBeKilled = kills < mostKills && this.#random.chance(0.5)
      const heard = await this.#ask(asked, isToBeKilled)
      if (heard === undefined) {
        // It was killed, or it ended without a word, which counts so that this ends.
        if (isToBeKilled) kills++
        else asks++
        continue
      }
      asks++
      if (heard.word === 'other' && asked.kind === 'effect') break
      this.#record({ ...heard, id: asked.id, kind: asked.kind, isKeyed: true })
      const isSettled = heard.word === 'ok' || heard.word === 'refused' || heard.word === 'unknown'
      // Now and then once more: the answer must be the same.
      if (isSettled && this.#random.chance(0.7)) return
    }
    this.#record({ id: asked.id, kind: asked.kind, isKeyed: true, word: 'open' })
  }

  /** What a process heard; undefined: it ended before. */
  async #ask(
    asked: KeyedPlace,
    isToBeKilled: boolean,
  ): Promise<Pick<Outcome, 'word' | 'receipt' | 'error'> | undefined> {
    const child = spawn(process.execPath, [this.#place.program, JSON.stringify(asked)], {
      stdio: ['ignore', 'pipe', this.#place.errors, 'ipc'],
    })
    this.#children.add(child)
    const timer = setTimeout(() => child.kill('SIGKILL'), asked.timeoutMs + 30_000)
    const closed = once(child, 'close')
    let heard: Pick<Outcome, 'word' | 'receipt' | 'error'> | undefined
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      if (line !== 'asking') heard = JSON.parse(line) as typeof heard
      else if (isToBeKilled) setTimeout(() => this.#kill(child), this.#random.between(0, 150))
    })
    await closed.catch(() => undefined)
    clearTimeout(timer)
    this.#children.delete(child)
    return heard
  }

  #kill(child: ChildProcess): void {
    if (child.exitCode === null && child.kill('SIGKILL')) this.kills++
  }

  #record(outcome: Outcome): void {
    this.words[outcome.word] = (this.words[outcome.word] ?? 0) + 1
    appendFileSync(this.#place.outcomes, `${JSON.stringify(outcome)}\n`)
  }
}
