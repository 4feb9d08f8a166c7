// Closes something when the process is told to end, and then lets it end as it would have.

export interface ExitHooksOptions {
  readonly signals: readonly NodeJS.Signals[]
  /** Has to settle by itself. */
  close(): Promise<void>
  /** At the process's exit, when nothing can be waited for any more. */
  onExit(): void
}

export class ExitHooks {
  readonly #options: ExitHooksOptions

  constructor(options: ExitHooksOptions) {
    this.#options = options
  }

  install(): void {
    for (const signal of this.#options.signals) process.on(signal, this.#onSignal)
    process.on('exit', this.#onExit)
  }

  remove(): void {
    for (const signal of this.#options.signals) process.removeListener(signal, this.#onSignal)
    process.removeListener('exit', this.#onExit)
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // From now on a second signal does what it does without us.
    for (const each of this.#options.signals) process.removeListener(each, this.#onSignal)
    const end = (): void => {
      // Others that listen decide themselves when the process ends.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    }
    this.#options.close().then(end, end)
  }

  readonly #onExit = (): void => this.#options.onExit()
}
