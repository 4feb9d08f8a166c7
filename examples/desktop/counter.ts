// A process: counts for as long as the application runs, for all windows, and says some things to one of them only.
import { setTimeout as sleep } from 'node:timers/promises'
import { Process, type ProcessContext, type ProcessOutput } from 'isock'

interface CounterEvents {
  readonly counter_increment: { readonly counter: number }
  readonly special_for_you: { readonly counter: number; readonly at: Date }
}

export class Counter extends Process<CounterEvents> {
  static override processName = 'counter_process'
  #output: ProcessOutput<CounterEvents> | undefined
  #counter = 0

  override async run({ output, signal }: ProcessContext<CounterEvents>): Promise<void> {
    this.#output = output
    for (;;) {
      await sleep(200, undefined, { signal })
      output.send('counter_increment', { counter: ++this.#counter })
    }
  }

  /** Tells one client alone where the counter is. */
  mark(sessionId: string): void {
    this.#output?.send('special_for_you', { counter: this.#counter, at: new Date() }, { to: sessionId })
  }
}
