// Interceptors, functions around calls: each gets the call and `next`, which runs the following one, the last of them the call itself.
// The first one added is the outermost. Where there are none, a call takes its usual way.
import { invalidUsage } from '../base/errors.ts'
import { describe } from '../base/options.ts'
import type { CallSubject } from './call-subject.ts'

declare const ofNext: unique symbol

/** What `next()` gave: an interceptor returns it. Opaque, so that the compiler notices one that returns nothing. */
export interface CallResult {
  readonly [ofNext]: true
}

/** Settles when the call has ended; for a stream, when its last item was taken. */
export type Next = () => Promise<CallResult>

export type Interceptor<Call extends CallSubject> = (call: Call, next: Next) => CallResult | Promise<CallResult>

/**
 * Another result in the place of the one that `next()` gave.
 *
 * @example server.use(async (call, next) => cache.has(call.name) ? replaceResult(cache.get(call.name)) : next())
 */
export function replaceResult(value: unknown): CallResult {
  return value as CallResult
}

export class Interceptors<Call extends CallSubject> {
  #list: readonly Interceptor<Call>[] = []

  get isEmpty(): boolean {
    return this.#list.length === 0
  }

  /** Returns a function that removes it. Calls that run already keep theirs. Throws ClientError (`INVALID_OPTION`). */
  add(interceptor: Interceptor<Call>): () => void {
    if (typeof interceptor !== 'function')
      throw invalidUsage(`use(): expected a function, got ${describe(interceptor)}`)
    // One that is added twice is removed once.
    const added: Interceptor<Call> = (call, next) => interceptor(call, next)
    this.#list = [...this.#list, added]
    return () => {
      this.#list = this.#list.filter((other) => other !== added)
    }
  }

  /** Never throws. */
  run(call: Call, last: () => Promise<unknown>): Promise<unknown> {
    const list = this.#list
    const step = async (index: number): Promise<CallResult> => {
      const interceptor = list[index]
      if (interceptor === undefined) return (await last()) as CallResult
      let isDone = false
      return interceptor(call, () => {
        if (isDone) return Promise.reject(invalidUsage('an interceptor called next() twice; a call runs once'))
        isDone = true
        return step(index + 1)
      })
    }
    return step(0)
  }
}
