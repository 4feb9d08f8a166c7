// One call of an action for a request. Its result becomes the response, or its items a stream of events.
import type { FeatureClient } from '../../facade/feature-client.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { bytesIn } from '../json-values.ts'
import type { Accepted, StreamFormat, ValueFormat } from './accept.ts'
import { type ErrorAnswers, HttpError } from './error-answer.ts'
import type { EventStream } from './event-stream.ts'
import { endingOf } from './request-places.ts'
import { valueText } from './value-texts.ts'

export interface ActionCall {
  readonly client: FeatureClient
  readonly name: string
  readonly data: unknown
  readonly signal: AbortSignal
  readonly timeoutMs: number | undefined
  /** Under which the server's store keeps the outcome. */
  readonly storedKey?: string | undefined
  readonly accepted: Accepted
  /** The format of the request. */
  readonly format: ValueFormat
  readonly errors: ErrorAnswers
  /** Throws HttpError if no stream is possible. */
  readonly openStream: (format: StreamFormat) => EventStream
}

/**
 * Returns the response, or undefined if it was a stream, which has ended. Rejects with the error that ended the call before
 * its first item.
 */
export async function runAction(call: ActionCall): Promise<Answer | undefined> {
  const { client, name, data, signal, timeoutMs, storedKey: key, accepted } = call
  const items = client.runAction(name, data, { signal, key, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
  const reader = items[Symbol.asyncIterator]()
  const first = await reader.next()
  const { stream, streamIfNeeded } = accepted
  if (first.done) {
    if (stream === undefined) return resultAnswer(first.value, call)
    const whole = call.openStream(stream)
    await sendSafely(whole, 'result', first.value, call)
    whole.end()
    return undefined
  }
  try {
    if (streamIfNeeded === undefined) throw onlyStreams(name)
    await sendAll(call.openStream(streamIfNeeded), first.value, reader, call)
    return undefined
  } finally {
    // A no-op once the stream has ended.
    await reader.return?.(undefined)
  }
}

/** The error for a client that accepts no stream. */
export function onlyStreams(name: string): HttpError {
  const message = `action "${name}" streams: ask with Accept: text/event-stream or application/x-ndjson`
  return new HttpError(406, 'NOT_ACCEPTABLE', message)
}

/** Sends all items, reading them no faster than the client does. */
async function sendAll(
  stream: EventStream,
  firstItem: unknown,
  reader: AsyncIterator<unknown, unknown>,
  call: ActionCall,
): Promise<void> {
  let item = firstItem
  while (await sendSafely(stream, 'item', item, call)) {
    try {
      const step = await reader.next()
      if (step.done) {
        await sendSafely(stream, 'result', step.value, call)
        break
      }
      item = step.value
    } catch (error) {
      await sendError(stream, error, call)
      break
    }
  }
  stream.end()
}

/** Sends one event. Returns false once the stream has ended, because the client disconnected or the value cannot be serialized. */
async function sendSafely(stream: EventStream, event: string, value: unknown, call: ActionCall): Promise<boolean> {
  let text: string
  try {
    text = valueText(value, formatOf(call), event)
  } catch (error) {
    await sendError(stream, error, call)
    return false
  }
  return stream.send(event, text)
}

function sendError(stream: EventStream, error: unknown, { errors, signal }: ActionCall): Promise<boolean> {
  return stream.send('error', errors.eventText(endingOf(error, signal)))
}

function resultAnswer(value: unknown, call: ActionCall): Answer {
  const format = formatOf(call)
  if (value === undefined && format === 'plain') return { status: 204, headers: {}, body: undefined }
  const bytes = format === 'plain' && call.accepted.bytes ? bytesIn(value) : undefined
  if (bytes !== undefined) return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: bytes }
  return jsonAnswer(200, valueText(value, format, 'result'))
}

function formatOf({ accepted, format }: ActionCall): ValueFormat {
  return accepted.format ?? format
}
