// GET /channels/<name>: a channel as server-sent events. A reader that reconnects with Last-Event-ID continues where it was, or
// learns that messages are missing.
//
//   retry ─> subscribed { recovered } ─> message (unnamed), lost { lost } ... ─> end { code, message }

import { CancelledError } from '../../core/base/errors.ts'
import type { Position } from '../../features/channels/channel.ts'
import { Subscribe, type SubscribeRequest } from '../../features/channels/channel-actions.ts'
import { toJsonText } from '../json-values.ts'
import type { LocalClient } from '../local-client.ts'
import { requireEventStream } from './accept.ts'
import { admitRequest } from './admit-request.ts'
import { HttpError } from './error-answer.ts'
import type { EventStream } from './event-stream.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { HttpVisit } from './http-visit.ts'

/** How long an EventSource waits before it reconnects. */
const retryMs = 1_000
const queryNames: ReadonlySet<string> = new Set(['key', 'since'])

export class ChannelRequests {
  readonly #parts: GatewayParts

  constructor(parts: GatewayParts) {
    this.#parts = parts
  }

  /** Settles when the stream has ended. Rejects with the error that prevented it from starting. */
  async serve(visit: HttpVisit, channel: string): Promise<void> {
    requireEventStream(visit.request.headers.accept)
    const request = readRequest(visit, channel)
    const { client } = await admitRequest(this.#parts.host, visit)
    try {
      visit.place?.becomeStream()
      const call = client.runAction(Subscribe, request, { signal: visit.signal })
      const items: AsyncIterator<unknown, unknown> = call[Symbol.asyncIterator]()
      const first = await items.next()
      if (first.done)
        throw new HttpError(503, 'BUSY', 'the channel ended the subscription immediately', { 'retry-after': '1' })
      const stream = this.#parts.openStream(visit, 'sse')
      await new ChannelReader(stream, items, first.value as Position & { readonly recovered: boolean }, client).run()
      stream.end()
    } finally {
      await client.close()
    }
  }
}

class ChannelReader {
  readonly #stream: EventStream
  readonly #items: AsyncIterator<unknown, unknown>
  readonly #head: Position & { readonly recovered: boolean }
  readonly #client: LocalClient

  constructor(
    stream: EventStream,
    items: AsyncIterator<unknown, unknown>,
    head: Position & { readonly recovered: boolean },
    client: LocalClient,
  ) {
    this.#stream = stream
    this.#items = items
    this.#head = head
    this.#client = client
  }

  async run(): Promise<void> {
    const { offset, recovered } = this.#head
    await this.#stream.advise(retryMs)
    let isOpen = await this.#stream.send('subscribed', JSON.stringify({ recovered }), this.#idAt(offset))
    try {
      while (isOpen) {
        const step = await this.#items.next()
        isOpen = step.done ? await this.#end(step.value) : await this.#pass(step.value)
      }
    } catch (error) {
      await this.#end(error)
    }
  }

  #pass(item: unknown): Promise<boolean> {
    if (!Array.isArray(item)) return this.#stream.send('lost', toJsonText(item, 'notice'))
    const [offset, message] = item as [number, unknown]
    return this.#stream.send(undefined, toJsonText(message, 'message'), this.#idAt(offset))
  }

  async #end(given: unknown): Promise<boolean> {
    // If this side ended the call, the reason is in `cause`.
    const cause = given instanceof CancelledError ? (given.cause ?? given) : given
    const ending = cause instanceof Error ? this.#client.publicError(cause) : cause
    const { code = 'INTERNAL', message = 'the subscription ended' } = (ending ?? {}) as {
      readonly code?: unknown
      readonly message?: unknown
    }
    await this.#stream.send('end', JSON.stringify({ code: String(code), message: String(message) }))
    return false
  }

  /** The event id. Includes the session, because messages for one session cannot be replayed in another, which the reader must learn. */
  #idAt(offset: number): string {
    const { epoch, session } = this.#head
    return `${epoch}:${offset}:${session}`
  }
}

/** Throws HttpError (400). */
function readRequest(visit: HttpVisit, channel: string): SubscribeRequest {
  const { searchParams } = visit.url
  for (const name of searchParams.keys()) {
    if (!queryNames.has(name))
      throw bad(`unknown parameter; a channel's query has "key" and "since", and credentials only in headers`)
  }
  const key = searchParams.get('key') ?? undefined
  const since = visit.header('last-event-id') || searchParams.get('since') || undefined
  const request = { channel, ...(key === undefined ? {} : { key }) }
  if (since === undefined) return request
  return { ...request, since: since === 'oldest' ? since : readPosition(since) }
}

function readPosition(text: string): Position {
  const parts = /^([^:]{1,100}):(\d{1,15})(?::([^:]{1,100}))?$/.exec(text)
  if (parts === null) throw bad('Last-Event-ID: expected the id of an event, as in "epoch:12", or since=oldest')
  const [, epoch = '', offset, session] = parts
  return { epoch, offset: Number(offset), ...(session === undefined ? {} : { session }) }
}

function bad(message: string): HttpError {
  return new HttpError(400, 'BAD_REQUEST', message)
}
