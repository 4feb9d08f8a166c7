// A server of channels whose every answer a spec says, with the kit of a client that asks it. In virtual time.
import { type Call, type Outcome, puller } from '../../lib/core/action/call.ts'
import { KnownClasses } from '../../lib/core/base/known-classes.ts'
import type { Logger } from '../../lib/core/base/log.ts'
import type { ClientKit } from '../../lib/core/client/client-kit.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

export class ScriptedChannels {
  readonly clock = new VirtualClock()
  readonly calls: ScriptedCall[] = []
  /** `level: what: the error's message`. */
  readonly logged: string[] = []

  /** The newest one. */
  get call(): ScriptedCall {
    return this.calls.at(-1) as ScriptedCall
  }

  get kit(): ClientKit {
    const runAction = (action: unknown, data: unknown, options: unknown): unknown => {
      this.calls.push(new ScriptedCall(action, data, options))
      return this.call
    }
    const log = (level: string) => (data: { readonly error: Error }, what: string) =>
      this.logged.push(`${level}: ${what}: ${data.error.message}`)
    const { clock } = this
    const known = new KnownClasses()
    const logger = { warn: log('warn'), error: log('error') } as unknown as Logger
    const kit = {
      clock,
      known,
      log: logger,
      client: { runAction },
      random: () => 0.5,
      backoff: { minMs: 1, maxMs: 10 },
    }
    return kit as unknown as ClientKit
  }
}

export class ScriptedCall {
  readonly action: unknown
  readonly data: unknown
  readonly options: unknown
  isCancelled = false
  readonly #items: unknown[] = []
  #outcome: Outcome<unknown> | undefined
  /** What waits for an item, or for the end. */
  #wake: () => void = () => undefined
  readonly #ended: Promise<Outcome<unknown>>
  #end: (outcome: Outcome<unknown>) => void = () => undefined

  constructor(action: unknown, data: unknown, options: unknown) {
    this.action = action
    this.data = data
    this.options = options
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  give(...items: unknown[]): void {
    this.#items.push(...items)
    this.#wake()
  }

  /** With a result. */
  end(value: unknown): void {
    this.#settle({ ok: true, value })
  }

  fail(error: unknown): void {
    this.#settle({ ok: false, error })
  }

  // What follows is what a lasting call uses of a call.

  [puller](onItem: (item: unknown) => void, onEnd: () => void): () => void {
    return () => {
      this.#wake = () => {
        if (this.#items.length === 0 && this.#outcome === undefined) return
        this.#wake = () => undefined
        if (this.#items.length > 0) onItem(this.#items.shift())
        else onEnd()
      }
      this.#wake()
    }
  }

  outcome(): Promise<Outcome<unknown>> {
    return this.#ended
  }

  cancel(): void {
    this.isCancelled = true
    this.#settle({ ok: false, error: new Error('cancelled') })
  }

  get then(): Call<unknown, unknown>['then'] {
    const value = this.#ended.then((outcome) => {
      if (outcome.ok) return outcome.value
      throw outcome.error
    })
    return value.then.bind(value) as Call<unknown, unknown>['then']
  }

  #settle(outcome: Outcome<unknown>): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#end(outcome)
    this.#wake()
  }
}
