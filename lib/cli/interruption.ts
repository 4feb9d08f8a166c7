// Ctrl-C, and the reader of a pipe who has left (`isock call ... | head`): both end a command early, but in order.
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

  /** How the process is to end; undefined: not interrupted. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode
  }

  /** Stops listening. A second Ctrl-C ends the process at once, as it always does. */
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
