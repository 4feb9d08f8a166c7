// Why a value of some kind cannot travel, and what to do instead.

/** The reason to tell whoever tried to send it. */
export function unsendableReason(value: unknown): string {
  if (typeof value === 'function') return 'functions do not travel'
  if (typeof value === 'symbol') return 'symbols do not travel'
  const name = classNameOf(value)
  if (name === 'Promise') return 'promises do not travel; await it first'
  if (isStreamable(value))
    return `streams (${name}) travel only as the output of an action, and as or in the data of a call`
  if (name === 'WeakMap' || name === 'WeakSet' || name === 'WeakRef') return `a ${name} does not travel`
  if (name === 'SharedArrayBuffer') return 'a SharedArrayBuffer does not travel; send a copy of its bytes'
  if (name === 'URLSearchParams' || name === 'Headers' || name === 'FormData')
    return `${name} does not travel; send Object.fromEntries(it), or an array of its entries`
  if (name === 'Number' || name === 'String' || name === 'Boolean')
    return `a ${name} object does not travel; send its primitive value`
  return `instances of ${name} do not travel; declare the class in \`classes\` or send a plain object`
}

/** The reason where a getter or a proxy threw. */
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

/** What travels as a stream: async iterables; Blobs, Files and streams of the web, also where these cannot be iterated. */
export function isStreamable(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false
  const { [Symbol.asyncIterator]: iterator, [Symbol.toStringTag]: tag = '' } = value as Partial<
    AsyncIterable<unknown>
  > & {
    [Symbol.toStringTag]?: string
  }
  // Asked of the data of each call: most has no tag.
  return typeof iterator === 'function' || (tag !== '' && streamTags.has(tag))
}
