// Why a value of some kind cannot be serialized, and what to do instead.

/** The reason for the error of its sender. */
export function unsendableReason(value: unknown): string {
  if (typeof value === 'function') return 'functions cannot be serialized'
  if (typeof value === 'symbol') return 'symbols cannot be serialized'
  const name = classNameOf(value)
  if (name === 'Promise') return 'promises cannot be serialized; await it first'
  if (isStreamable(value))
    return `streams (${name}) can only be the output of an action, or the data of a call or a part of it`
  if (name === 'WeakMap' || name === 'WeakSet' || name === 'WeakRef') return `a ${name} cannot be serialized`
  if (name === 'SharedArrayBuffer') return 'a SharedArrayBuffer cannot be serialized; send a copy of its bytes'
  if (name === 'URLSearchParams' || name === 'Headers' || name === 'FormData')
    return `${name} cannot be serialized; send Object.fromEntries(it), or an array of its entries`
  if (name === 'Number' || name === 'String' || name === 'Boolean')
    return `a ${name} object cannot be serialized; send its primitive value`
  return `instances of ${name} cannot be serialized; declare the class in \`classes\` or send a plain object`
}

/** The reason if a getter or a proxy threw. */
export function readFailure(error: unknown): string {
  try {
    return `reading it failed (${String(error)})`
  } catch {
    return 'reading it failed'
  }
}

function classNameOf(value: unknown): string {
  const Class: unknown = (value as { constructor?: unknown }).constructor
  if (typeof Class === 'function' && Class.name !== '') return Class.name
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  return tag === 'Object' ? 'an unnamed class' : tag
}

const streamTags: ReadonlySet<string> = new Set(['Blob', 'File', 'ReadableStream'])

/** What is sent as a stream: async iterables; Blobs, Files and streams of the web, even if they cannot be iterated. */
export function isStreamable(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false
  const { [Symbol.asyncIterator]: iterator, [Symbol.toStringTag]: tag = '' } = value as Partial<
    AsyncIterable<unknown>
  > & {
    [Symbol.toStringTag]?: string
  }
  // Runs for the data of each call: most has no tag.
  return typeof iterator === 'function' || (tag !== '' && streamTags.has(tag))
}
