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

  /** Stops listening. A second Ctrl-C ends the process immediately, as usual. */
  close(): void {
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal)
  }

  readonly #onSignal = (): void => {
    this.close()
    this.#end(exitCodes.interrupted)
  }

  readonly #onOutputError = (): void => this.#end(exitCodes.done)

  #end(exitCode: ExitCode): void {
    this.#exitCode ??= exitCode
    this.#abort.abort()
  }
}
