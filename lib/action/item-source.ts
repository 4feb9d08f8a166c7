// What a handler may return to stream: a generator of either kind, or anything async-iterable.

/** An iterator whose steps are awaited. */
export interface ItemSource {
  next(): Promise<IteratorResult<unknown>> | IteratorResult<unknown>
  return?(value: unknown): Promise<IteratorResult<unknown>> | IteratorResult<unknown>
}

/** undefined for what is a value. A sync iterable (an array, a Map) is a value; a sync generator is not. */
export function itemSourceOf(returned: unknown): ItemSource | undefined {
  if (typeof returned !== 'object' || returned === null) return undefined
  const asyncIterator = (returned as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator]
  if (typeof asyncIterator === 'function') return asyncIterator.call(returned)
  return isGenerator(returned) ? returned : undefined
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  )
}

function isGenerator(value: object): value is ItemSource {
  if (!(Symbol.iterator in value) || !('next' in value)) return false
  return Object.prototype.toString.call(value) === '[object Generator]'
}
