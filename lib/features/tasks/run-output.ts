// The output of one run of a process.
import { CancelledError, ServerError } from '../../core/base/errors.ts'
import { checkOptions } from '../../core/base/option-table.ts'
import { invalidOption } from '../../core/base/options.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { isName } from '../../core/wire/frames/frame.ts'
import type { Audience } from './audience.ts'
import type { ListenEnd } from './listen-action.ts'
import { type ProcessOutput, type SendOptions, sendOptions } from './process.ts'

export interface RunOutputOptions {
  readonly label: string
  readonly audience: Audience
  readonly kit: ServerKit
  readonly signal: AbortSignal
  /** Called when the run calls `finish` or `fail`. */
  readonly onEnd: (end: ListenEnd) => void
}

export class RunOutput implements ProcessOutput<Record<string, unknown>> {
  readonly #options: RunOutputOptions
  #end: ListenEnd | undefined
  #isClosed = false

  constructor(options: RunOutputOptions) {
    this.#options = options
  }

  /** How the run ended the process, if it did. */
  get end(): ListenEnd | undefined {
    return this.#end
  }

  get listenerCount(): number {
    return this.#options.audience.count
  }

  send(event: string, data: unknown, options: SendOptions = {}): number {
    checkOptions('send', options, sendOptions)
    const { to } = options
    const { audience, signal, label, kit } = this.#options
    if (this.#isClosed) throw new ServerError(`${label}: this run has ended`, { code: 'CLOSED' })
    signal.throwIfAborted()
    if (!isName(event)) throw invalidOption('event', 'a string of 1 to 512 bytes', event)
    const message = audience.encode({ event, data })
    if (to === undefined) return audience.send(message)
    const ids = new Set(typeof to === 'string' ? [to] : to)
    for (const id of ids) if (kit.findSession(id) === undefined) throw unknownSession(label, id)
    let count = 0
    for (const id of ids) count += audience.send(message, id)
    return count
  }

  fail(error: unknown): void {
    this.#endWith({ how: 'failed', error })
  }

  finish(): void {
    this.#endWith({ how: 'finished' })
  }

  /** Called when the run has ended. From then on, sending throws. */
  close(): void {
    this.#isClosed = true
  }

  #endWith(end: ListenEnd): void {
    const { signal, onEnd } = this.#options
    // Only the first end counts. It aborts the run.
    if (this.#isClosed || signal.aborted) return
    this.#end = end
    onEnd(end)
  }
}

/** The abort reason of a run that has ended its process. */
export function endedByItself(label: string): CancelledError {
  return new CancelledError(`${label} declared its end`)
}

function unknownSession(label: string, id: unknown): ServerError {
  const message = `${label}: no client has the session ${JSON.stringify(id)}; it left, or "to" is not a session's id`
  return new ServerError(message, { code: 'UNKNOWN_SESSION' })
}
