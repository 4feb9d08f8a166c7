// Closes something when a signal ends the process, and then ends the process as usual.

export interface ExitHooksOptions {
  readonly signals: readonly NodeJS.Signals[]
  /** Must always settle. */
  close(): Promise<void>
  /** Called at the process's exit, when nothing can be awaited any more. */
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
    // A second signal has its default effect.
    for (const each of this.#options.signals) process.removeListener(each, this.#onSignal)
    const end = (): void => {
      // Other listeners decide themselves when to end the process.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    }
    this.#options.close().then(end, end)
  }

  readonly #onExit = (): void => this.#options.onExit()
}
