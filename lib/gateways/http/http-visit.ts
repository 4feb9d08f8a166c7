// One request from its head to its end: its client, its place, and whether the client is still there.
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
  /** Undefined where the request needs no place, or has none yet. */
  place: RequestPlace | undefined
  readonly #abort = new AbortController()
  #isStream = false

  constructor({ request, url, peer }: WebVisit, response: ServerResponse) {
    this.request = request
    this.response = response
    this.url = url
    this.peer = peer
    response.once('close', () => {
      if (!response.writableFinished) this.abort(new CancelledError('the client of the request has gone'))
    })
  }

  /** Aborts when the client has gone before its answer, or when the server stops waiting. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isStream(): boolean {
    return this.#isStream
  }

  /** The answer is a stream, which may last. Throws HttpError (503) where there is no place for one. */
  becomeStream(): void {
    this.place?.becomeStream()
    this.#isStream = true
  }

  /** The request must end, because others need the room. */
  shed(reason: Error): void {
    this.abort(reason)
    // A reader that does not read gets nothing more.
    if (this.response.headersSent && this.response.writableNeedDrain) this.response.destroy()
  }

  abort(reason: Error): void {
    this.#abort.abort(reason)
  }

  /** A header that may come once. Throws HttpError (400) where it came twice. */
  header(name: string): string | undefined {
    const value = this.request.headers[name]
    if (value === undefined) return undefined
    const count = this.request.headersDistinct[name]?.length ?? 1
    if (count === 1 && typeof value === 'string') return value
    throw new HttpError(400, 'BAD_REQUEST', `the header ${name} must come only once`)
  }

  /** `Isock-Timeout-Ms`: a deadline for the call. Throws HttpError (400). */
  get timeoutMs(): number | undefined {
    const text = this.header('isock-timeout-ms')
    if (text === undefined) return undefined
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
    throw new HttpError(400, 'BAD_REQUEST', 'Isock-Timeout-Ms: expected a whole number of milliseconds above 0')
  }
}
