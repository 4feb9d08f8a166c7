// Logs requests that are refused for their Host or Origin: each value once, as a warning that names the option to change. The
// number of values is limited, because anyone can send them. Leaves the decision to access.ts.
import type { IncomingHttpHeaders } from 'node:http'
import type { Logger } from '../../core/base/log.ts'
import type { RefusedHeader } from './access.ts'

/** The number of values that a port logs as warnings. Further ones are logged as debug. */
export const maxLoggedValues = 20
const longestValue = 100

export class RefusalLog {
  readonly #log: Logger
  readonly #logged = new Set<string>()

  constructor(log: Logger) {
    this.#log = log
  }

  note(header: RefusedHeader, headers: IncomingHttpHeaders): void {
    const value = headers[header]
    const shown = value === undefined ? 'a missing value' : `"${printable(value)}"`
    const message = `refused ${header} ${shown}; if it is yours, add it to the option ${header}s of listenWeb`
    if (this.#logged.has(message)) return
    if (this.#logged.size >= maxLoggedValues) return this.#log.debug({ [header]: value }, message)
    this.#logged.add(message)
    this.#log.warn({ [header]: value }, message)
    if (this.#logged.size === maxLoggedValues)
      this.#log.warn({}, `${maxLoggedValues} hosts and origins were refused; further ones are logged as debug`)
  }
}

function printable(value: string): string {
  const short = value.length > longestValue ? `${value.slice(0, longestValue)}...` : value
  return short.replace(/[^\x20-\x7e]/g, '?')
}
