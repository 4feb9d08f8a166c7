// What an Igor client may say, read from text: JSON of one documented shape, or an answer that says what is wrong with it.
import { type JsonLimits, readJson } from '../json-text.ts'

/** Clients make these: a counter or a text. 1 and '1' are two streams. */
export type StreamId = string | number

/** What a message asks for. */
export type Message =
  | { readonly kind: 'run'; readonly streamId: StreamId; readonly action: string; readonly data: unknown }
  | { readonly kind: 'close'; readonly streamId: StreamId }
  | { readonly kind: 'wrong'; readonly streamId?: StreamId | undefined; readonly error: string }

/** Characters of a stream's id; each answer repeats it. */
export const maxStreamIdLength = 256
const maxActionLength = 512

export function readMessage(text: string, limits?: JsonLimits): Message {
  const json = readJson(text, limits)
  if ('fault' in json) return wrong(`this message is ${json.fault}; send {"streamId", "action", "data"}`)
  const parsed = json.value
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return wrong('a message is a JSON object: {"streamId", "action", "data"}')
  const { streamId, action, data, close } = parsed as Record<string, unknown>
  if (streamId === undefined || streamId === null)
    return wrong('the message has no streamId; choose one, such as a counter or a UUID')
  if (!isStreamId(streamId))
    return wrong(`streamId: expected a text of 1 to ${maxStreamIdLength} characters or a whole number`)
  if (action === undefined || action === null)
    return close === true
      ? { kind: 'close', streamId }
      : wrong('the message has no action; name the one to run, or send "close": true to end the stream', streamId)
  if (typeof action !== 'string' || action === '' || action.length > maxActionLength)
    return wrong(`action: expected a text of 1 to ${maxActionLength} characters`, streamId)
  return { kind: 'run', streamId, action, data }
}

function isStreamId(value: unknown): value is StreamId {
  if (typeof value === 'string') return value !== '' && value.length <= maxStreamIdLength
  return Number.isSafeInteger(value)
}

function wrong(error: string, streamId?: StreamId): Message {
  return { kind: 'wrong', error, ...(streamId === undefined ? {} : { streamId }) }
}
