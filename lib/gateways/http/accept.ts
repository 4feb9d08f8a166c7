// Reads the Accept header: the response formats that a client accepts. Called before anything runs.
import { HttpError } from './error-answer.ts'

/** How values are serialized: as plain JSON, or as superjson's `{ json, meta }`. */
export type ValueFormat = 'plain' | 'superjson'
export type StreamFormat = 'sse' | 'ndjson'

export interface Accepted {
  /** The stream format that the client named, if any. */
  readonly stream: StreamFormat | undefined
  /** The format for an action that streams although the client named no stream. Undefined if the client accepts none. */
  readonly streamIfNeeded: StreamFormat | undefined
  /** Undefined to use the format of the request. */
  readonly format: ValueFormat | undefined
  /** Whether a result of bytes is sent as bytes. */
  readonly bytes: boolean
}

interface Range {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

const streamTypes: Readonly<Record<string, StreamFormat>> = {
  'text/event-stream': 'sse',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
}
const jsonType = 'application/json'
const bytesType = 'application/octet-stream'

/** Throws HttpError (406) if the client accepts no possible format. */
export function readAccept(header: string | undefined): Accepted {
  const ranges = rangesOf(header ?? '*/*')
  const named = (types: readonly string[]): Range | undefined => ranges.find(({ type }) => types.includes(type))
  const takesAll = named(['*/*']) !== undefined
  const stream = streamNamed(ranges)
  const json = named([jsonType])
  const bytes = named([bytesType]) !== undefined
  const takesJson = json !== undefined || named(['application/*', '*/*']) !== undefined
  if (stream === undefined && !takesJson && !bytes)
    throw new HttpError(
      406,
      'NOT_ACCEPTABLE',
      `no acceptable answer; answers are ${[jsonType, bytesType, ...Object.keys(streamTypes)].join(', ')}`,
    )
  const format = json?.parameters.get('format')
  return {
    stream,
    streamIfNeeded: stream ?? (named(['application/*', '*/*']) ? 'ndjson' : undefined),
    format: format === 'superjson' || format === 'plain' ? format : undefined,
    bytes: bytes || (takesAll && json === undefined),
  }
}

/** Throws HttpError (406) if the client does not accept event streams. */
export function requireEventStream(header: string | undefined): void {
  const takes = rangesOf(header ?? '*/*').some(({ type }) => ['text/event-stream', 'text/*', '*/*'].includes(type))
  if (!takes) throw new HttpError(406, 'NOT_ACCEPTABLE', 'a channel is read as text/event-stream')
}

/** Parses a media type with its parameters, in lower case. Also used for Content-Type. */
export function readMediaType(text: string): Omit<Range, 'quality'> {
  const [type = '', ...rest] = text.split(';')
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const at = part.indexOf('=')
    if (at === -1) continue
    const value = part
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
    parameters.set(part.slice(0, at).trim().toLowerCase(), value.toLowerCase())
  }
  return { type: type.trim().toLowerCase(), parameters }
}

/** The stream format that is named, unless the client prefers JSON. */
function streamNamed(ranges: readonly Range[]): StreamFormat | undefined {
  const best = ranges.find(({ type }) => Object.hasOwn(streamTypes, type) || type === jsonType || type === bytesType)
  return best !== undefined && Object.hasOwn(streamTypes, best.type) ? streamTypes[best.type] : undefined
}

/** Best first. */
function rangesOf(header: string): Range[] {
  return header
    .split(',')
    .map((part) => readMediaType(part))
    .map((range) => ({ ...range, quality: Number(range.parameters.get('q') ?? 1) }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
}
