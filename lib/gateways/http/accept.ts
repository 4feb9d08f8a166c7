// What a client takes for an answer: read off its Accept header, decided before anything runs.
import { HttpFault } from './error-answer.ts'

/** How values are written: plain JSON, or superjson's `{ json, meta }`. */
export type ValueFormat = 'plain' | 'superjson'
export type StreamFormat = 'sse' | 'ndjson'

export interface Accepted {
  /** The client asked for a stream by name. */
  readonly stream: StreamFormat | undefined
  /** Where the action streams though nobody asked for one; undefined: then there is no answer for it. */
  readonly streamIfNeeded: StreamFormat | undefined
  /** undefined: as the request came. */
  readonly format: ValueFormat | undefined
  /** A result that is bytes goes as bytes. */
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

/** Throws HttpFault (406) where nothing that there is would be taken. */
export function readAccept(header: string | undefined): Accepted {
  const ranges = rangesOf(header ?? '*/*')
  const named = (types: readonly string[]): Range | undefined => ranges.find(({ type }) => types.includes(type))
  const takesAll = named(['*/*']) !== undefined
  const stream = streamNamed(ranges)
  const json = named([jsonType])
  const bytes = named([bytesType]) !== undefined
  const takesJson = json !== undefined || named(['application/*', '*/*']) !== undefined
  if (stream === undefined && !takesJson && !bytes)
    throw new HttpFault(
      406,
      'NOT_ACCEPTABLE',
      `answers are ${[jsonType, bytesType, ...Object.keys(streamTypes)].join(', ')}`,
    )
  const format = json?.parameters.get('format')
  return {
    stream,
    streamIfNeeded: stream ?? (named(['application/*', '*/*']) ? 'ndjson' : undefined),
    format: format === 'superjson' || format === 'plain' ? format : undefined,
    bytes: bytes || (takesAll && json === undefined),
  }
}

/** Throws HttpFault (406) where no event stream is taken. */
export function requireEventStream(header: string | undefined): void {
  const takes = rangesOf(header ?? '*/*').some(({ type }) => ['text/event-stream', 'text/*', '*/*'].includes(type))
  if (!takes) throw new HttpFault(406, 'NOT_ACCEPTABLE', 'a channel is read as text/event-stream')
}

/** A media type and its parameters, in small letters: also for Content-Type. */
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

/** One by name is a stream, unless JSON is wanted more. */
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
