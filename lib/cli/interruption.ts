// Interruption by Ctrl-C, or by a closed output pipe (`isock call ... | head`): both end a command early, but gracefully.
import { type ExitCode, exitCodes } from './exit-codes.ts'

export class Interruption {
  readonly #abort = new AbortController()
  #exitCode: ExitCode | undefined

  constructor() {
    process.once('SIGINT', this.#onSignal).once('SIGTERM', this.#onSignal)
    process.stdout.on('error', this.#onOutputError)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** The exit code of the process; undefined: not interrupted. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode
  }

  /** Stops listening. */
  close(): void {
    this.#closeSignals()
    process.stdout.off('error', this.#onOutputError)
  }

  readonly #onSignal = (): void => {
    // A second Ctrl-C ends the process immediately, as usual.
    this.#closeSignals()
    this.#end(exitCodes.interrupted)
  }

  #closeSignals(): void {
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal)
  }

  readonly #onOutputError = (): void => this.#end(exitCodes.done)

  #end(exitCode: ExitCode): void {
    this.#exitCode ??= exitCode
    this.#abort.abort()
  }
}
