// Tracim's live messages, one stream of server-sent events at a time: reconnects with Last-Event-ID, limits silence and the
// size of an event, and reads only as fast as its reader. Leaves the login to others.
import type { EventSource, EventSourceFetchInit, FetchLikeResponse } from 'eventsource'
import type { Clock } from '../core/base/clock.ts'
import { type Deferred, deferred } from '../core/base/deferred.ts'
import type { Logger } from '../core/base/log.ts'
import { withPackages } from '../core/base/optional-packages.ts'
import { isRecord } from './daemon-event.ts'

/** Messages read ahead. Above it, the connection is not read. */
const readAhead = 16

/** The part of a login that a stream needs. */
interface Login {
  readonly headers: Record<string, string>
  readonly userId: string
  urlOf(endpoint: string): URL
}

export interface LiveMessagesOptions {
  readonly login: Login
  /** The last message of an earlier stream. */
  readonly lastEventId: string | undefined
  readonly maxEventBytes: number
  /** Silence after which the connection counts as dead. */
  readonly silenceMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** A stream that reconnects automatically, until Tracim refuses it or it is closed. */
export class LiveMessages {
  readonly #options: LiveMessagesOptions
  readonly #source: EventSource
  readonly #messages: string[] = []
  #lastEventId: string | undefined
  /** The reader waits for a message. */
  #arrived: Deferred<void> | undefined
  /** The connection waits for room. */
  #taken: Deferred<void> | undefined
  #end: { readonly status: number | undefined } | undefined

  /** Rejects with ClientError (`MISSING_PACKAGE`). */
  static async open(options: LiveMessagesOptions): Promise<LiveMessages> {
    const { EventSource } = await withPackages('TracimSource', ['eventsource'], () => import('eventsource'))
    return new LiveMessages(options, EventSource)
  }

  private constructor(options: LiveMessagesOptions, Source: typeof EventSource) {
    this.#options = options
    this.#lastEventId = options.lastEventId
    const url = options.login.urlOf(`/users/${encodeURIComponent(options.login.userId)}/live_messages`)
    this.#source = new Source(url, { fetch: (to, init) => this.#connect(new URL(to), init) })
    this.#source.addEventListener('message', ({ data, lastEventId }) => this.#onMessage(String(data), lastEventId))
    this.#source.addEventListener('error', ({ code, message }) => this.#onError(code, message))
  }

  get lastEventId(): string | undefined {
    return this.#lastEventId
  }

  /** The HTTP status of the refusal; undefined if it was closed. */
  get status(): number | undefined {
    return this.#end?.status
  }

  /** The text of the next message; undefined if there are no more. */
  async next(): Promise<string | undefined> {
    while (this.#messages.length === 0) {
      if (this.#end !== undefined) return undefined
      this.#arrived = deferred()
      await this.#arrived.promise
    }
    const message = this.#messages.shift()
    if (this.#messages.length < readAhead) this.#taken?.resolve()
    return message
  }

  close(): void {
    this.#finish(undefined)
    this.#source.close()
  }

  async #connect(url: URL, init: EventSourceFetchInit): Promise<FetchLikeResponse> {
    const headers: Record<string, string> = { ...init.headers, ...this.#options.login.headers }
    delete headers['Last-Event-ID']
    if (this.#lastEventId !== undefined) {
      headers['Last-Event-ID'] = this.#lastEventId
      // Some Tracim servers ignore the header and read this parameter.
      url.searchParams.set('after_event_id', this.#lastEventId)
    }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    if (response.body === null) return response
    const onTooLarge = (): void => {
      // The server would send the same event again, so continue with new ones.
      this.#lastEventId = undefined
    }
    const reader = new GuardedReader(response.body.getReader(), this.#options, () => this.#room(), onTooLarge)
    const { status, redirected } = response
    return { url: response.url, status, redirected, headers: response.headers, body: { getReader: () => reader } }
  }

  /** Settles when more can be read. */
  async #room(): Promise<void> {
    while (this.#messages.length >= readAhead && this.#end === undefined) {
      this.#taken = deferred()
      await this.#taken.promise
    }
  }

  #onMessage(text: string, lastEventId: string): void {
    const id = lastEventId || eventIdOf(text)
    if (id !== undefined && /^\w{1,64}$/.test(id)) this.#lastEventId = id
    this.#messages.push(text)
    this.#arrived?.resolve()
  }

  #onError(code: number | undefined, message: string | undefined): void {
    const isOver = this.#source.readyState === this.#source.CLOSED
    if (isOver) this.#finish(code)
    else this.#options.log.warn({ reason: message ?? 'it ended early' }, 'the stream of live messages reconnects')
  }

  #finish(status: number | undefined): void {
    this.#end ??= { status }
    this.#arrived?.resolve()
    this.#taken?.resolve()
  }
}

interface ByteReader {
  read(): Promise<{ done: false; value: Uint8Array } | { done: true; value?: unknown }>
  cancel(): Promise<void>
}

/** Reads for the event parser, within the limits. An error makes the stream reconnect. */
class GuardedReader implements ByteReader {
  readonly #reader: ByteReader
  readonly #options: Pick<LiveMessagesOptions, 'maxEventBytes' | 'silenceMs' | 'clock'>
  readonly #room: () => Promise<void>
  readonly #onTooLarge: () => void
  #eventBytes = 0
  #lastByte = ''

  constructor(reader: ByteReader, options: LiveMessagesOptions, room: () => Promise<void>, onTooLarge: () => void) {
    this.#reader = reader
    this.#options = options
    this.#room = room
    this.#onTooLarge = onTooLarge
  }

  async read(): Promise<{ done: false; value: Uint8Array } | { done: true }> {
    await this.#room()
    const { clock, silenceMs, maxEventBytes } = this.#options
    let isSilent = false
    const timer = clock.setTimer(() => {
      isSilent = true
      void this.cancel()
    }, silenceMs)
    try {
      const chunk = await this.#reader.read()
      if (isSilent) throw new Error(`nothing arrived for ${silenceMs} ms`)
      if (chunk.done) return { done: true }
      if (this.#isWithinBound(chunk.value)) return chunk
      void this.cancel()
      this.#onTooLarge()
      throw new Error(`an event of more than ${maxEventBytes} bytes`)
    } finally {
      timer.cancel()
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel().catch(() => undefined)
  }

  /** An empty line ends an event. */
  #isWithinBound(bytes: Uint8Array): boolean {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const parts = (this.#lastByte + text).split(/\n\r?\n/)
    this.#lastByte = text.slice(-1)
    for (const [index, part] of parts.entries()) {
      this.#eventBytes = index === 0 ? this.#eventBytes + part.length : part.length
      if (this.#eventBytes > this.#options.maxEventBytes) return false
    }
    return true
  }
}

function eventIdOf(text: string): string | undefined {
  try {
    const event: unknown = JSON.parse(text)
    return isRecord(event) && Number.isSafeInteger(event['event_id']) ? String(event['event_id']) : undefined
  } catch {
    return undefined
  }
}
