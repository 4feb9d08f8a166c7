// Reads the messages of Igor's clients: JSON of one documented shape. Describes the fault of any other message.
import { isJsonObject, type JsonLimits, readJson } from '../json-text.ts'

/** Chosen by clients: a counter or a string. 1 and '1' are two streams. */
export type StreamId = string | number

/** The request in a message. */
export type Message =
  | { readonly kind: 'run'; readonly streamId: StreamId; readonly action: string; readonly data: unknown }
  | { readonly kind: 'close'; readonly streamId: StreamId }
  | { readonly kind: 'wrong'; readonly streamId?: StreamId | undefined; readonly error: string }

/** The longest stream id. Each answer repeats it. */
export const maxStreamIdLength = 256
const maxActionLength = 512

export function readMessage(text: string, limits?: JsonLimits): Message {
  const json = readJson(text, limits)
  if ('fault' in json) return wrong(`this message is ${json.fault}; send {"streamId", "action", "data"}`)
  const parsed = json.value
  if (!isJsonObject(parsed)) return wrong('a message is a JSON object: {"streamId", "action", "data"}')
  const { streamId, action, data, close } = parsed
  if (streamId === undefined || streamId === null)
    return wrong('the message has no streamId; add one, such as a counter or a UUID')
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
