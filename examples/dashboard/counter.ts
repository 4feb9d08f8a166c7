// The process that the dashboard listens to. Both sides import it: the client reads its name and its events' types.
import { setTimeout as sleep } from 'node:timers/promises'
import { Process, type ProcessContext } from 'isock'

interface CounterEvents {
  readonly tick: { readonly n: number; readonly at: Date }
  readonly welcome: string
}

/** Counts up, and finishes when it has counted far enough. */
export class Counter extends Process<CounterEvents> {
  static override processName = 'counter'
  readonly #upTo: number

  constructor(upTo: number) {
    super()
    this.#upTo = upTo
  }

  override async run({ output, signal }: ProcessContext<CounterEvents>): Promise<void> {
    // For the example: nothing is counted before somebody listens.
    while (output.listenerCount === 0) await sleep(10, undefined, { signal })
    for (let n = 1; n <= this.#upTo; n++) {
      output.send('tick', { n, at: new Date() })
      await sleep(100, undefined, { signal })
    }
    output.finish()
  }
}
