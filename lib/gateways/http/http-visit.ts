// One request from start to end: its client, its place, and whether the client is still connected.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CancelledError } from '../../core/base/errors.ts'
import type { Peer } from '../../core/link/link.ts'
import type { WebVisit } from '../../features/web/gateway.ts'
import { HttpError } from './error-answer.ts'
import type { RequestPlace } from './request-places.ts'

export class HttpVisit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly peer: Peer
  /** Undefined if the request needs no place, or has none yet. */
  place: RequestPlace | undefined
  readonly #abort = new AbortController()
  #isStream = false

  constructor({ request, url, peer }: WebVisit, response: ServerResponse) {
    this.request = request
    this.response = response
    this.url = url
    this.peer = peer
    response.once('close', () => {
      if (!response.writableFinished) this.abort(new CancelledError('the client of the request disconnected'))
    })
  }

  /** Aborts when the client disconnects before the response, or when the server stops waiting. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isStream(): boolean {
    return this.#isStream
  }

  /** Turns the response into a long-lived stream. Throws HttpError (503) if there is no place for one. */
  becomeStream(): void {
    this.place?.becomeStream()
    this.#isStream = true
  }

  /** Ends the request to make room for others. */
  shed(reason: Error): void {
    this.abort(reason)
    // A client that does not read is disconnected without a final event.
    if (this.response.headersSent && this.response.writableNeedDrain) this.response.destroy()
  }

  abort(reason: Error): void {
    this.#abort.abort(reason)
  }

  /** Returns a header that may occur only once. Throws HttpError (400) if it occurs twice. */
  header(name: string): string | undefined {
    const value = this.request.headers[name]
    if (value === undefined) return undefined
    const count = this.request.headersDistinct[name]?.length ?? 1
    if (count === 1 && typeof value === 'string') return value
    throw new HttpError(400, 'BAD_REQUEST', `the header ${name} must occur only once`)
  }

  /** The timeout of the call, from `Isock-Timeout-Ms`. Throws HttpError (400). */
  get timeoutMs(): number | undefined {
    const text = this.header('isock-timeout-ms')
    if (text === undefined) return undefined
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
    throw new HttpError(400, 'BAD_REQUEST', 'Isock-Timeout-Ms: expected a whole number of milliseconds above 0')
  }
}
