// ItemSource, one interface over everything that streams: generators of either kind, Readable, ReadableStream, Blob, and any
// async-iterable, as a handler's result or a call's input. All of them can be left while a step is pending.

/** An iterator whose steps are awaited. */
export interface ItemSource {
  next(): Promise<IteratorResult<unknown>> | IteratorResult<unknown>
  /**
   * Called when its reader leaves, even while `next()` is pending, so that an idle source is released without waiting for
   * its next item. Settles when it has ended.
   */
  return?(value: unknown): Promise<IteratorResult<unknown>> | IteratorResult<unknown>
  /** Whether its last step counts even after it was left, as that of a generator does. Default: true. */
  readonly endsByItself?: boolean
}

/** undefined for a value. A sync iterable (an array, a Map) is a value; a sync generator is not. */
export function itemSourceOf(returned: unknown): ItemSource | undefined {
  if (typeof returned !== 'object' || returned === null) return undefined
  if (isWebStream(returned)) return new WebStreamSource(returned)
  if (isBlob(returned)) return new WebStreamSource(returned.stream())
  const asyncIterator = (returned as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator]
  if (typeof asyncIterator === 'function') {
    const iterator = asyncIterator.call(returned) as ItemSource
    return isReadable(returned) ? new ReadableSource(returned, iterator) : iterator
  }
  return tagOf(returned) === 'Generator' ? (returned as ItemSource) : undefined
}

/** Whether a step that ends the source counts even after its reader has left. */
export function endsByItself(source: ItemSource): boolean {
  return source.endsByItself ?? /^(Async)?Generator$/.test(tagOf(source))
}

/** Releases a source that has no reader any more. Ignores what it throws at its end. Never rejects. */
export async function leaveQuietly(source: ItemSource | undefined): Promise<void> {
  try {
    await source?.return?.(undefined)
  } catch {
    // See above.
  }
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  )
}

interface Readable {
  destroy(): unknown
}

/** A stream of Node's, which its own iterator destroys only after the next item. */
class ReadableSource implements ItemSource {
  readonly endsByItself = false
  readonly #stream: Readable
  readonly #iterator: ItemSource

  constructor(stream: Readable, iterator: ItemSource) {
    this.#stream = stream
    this.#iterator = iterator
  }

  next(): Promise<IteratorResult<unknown>> | IteratorResult<unknown> {
    return this.#iterator.next()
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#stream.destroy()
    await leaveQuietly(this.#iterator)
    return { done: true, value: undefined }
  }
}

interface WebStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: unknown }>
    cancel(): Promise<void>
    releaseLock(): void
  }
}

/** A ReadableStream, whose own iterator cannot be left while it waits for a chunk. */
class WebStreamSource implements ItemSource {
  readonly endsByItself = false
  readonly #reader: ReturnType<WebStream['getReader']>

  constructor(stream: WebStream) {
    this.#reader = stream.getReader()
  }

  async next(): Promise<IteratorResult<unknown>> {
    const { done, value } = await this.#reader.read()
    return done ? { done, value: undefined } : { done: false, value }
  }

  async return(): Promise<IteratorResult<unknown>> {
    await this.#reader.cancel()
    this.#reader.releaseLock()
    return { done: true, value: undefined }
  }
}

function isReadable(returned: object): returned is Readable {
  const { destroy, pipe } = returned as { destroy?: unknown; pipe?: unknown }
  return typeof destroy === 'function' && typeof pipe === 'function'
}

function isBlob(returned: object): returned is { stream(): WebStream } {
  const tag = tagOf(returned)
  return tag === 'Blob' || tag === 'File'
}

function isWebStream(returned: object): returned is WebStream {
  return tagOf(returned) === 'ReadableStream' && typeof (returned as Partial<WebStream>).getReader === 'function'
}

/** Called for each result: most are plain objects without a tag. */
function tagOf(value: object): string {
  const { [Symbol.toStringTag]: tag } = value as { readonly [Symbol.toStringTag]?: unknown }
  return typeof tag === 'string' ? tag : ''
}
