// One run of an action within the interceptors of its server. Its items, if it yields some, go their usual way, as fast as the caller
// reads: `next()` settles when they have ended.
import { keepContext } from '../base/async-context.ts'
import { IsockError } from '../base/errors.ts'
import { type CallSubject, subjectOf } from './call-subject.ts'
import type { Context } from './context.ts'
import type { Interceptors } from './interceptors.ts'
import { endsByItself, type ItemSource, itemSourceOf, leaveQuietly } from './item-source.ts'
import { Refused } from './refused.ts'
import type { RegisteredAction } from './registry.ts'

/** A call that came to a server, as its interceptors see it. */
export interface ServerCall extends CallSubject {
  /** The context that the handler gets, without what features add to it. */
  readonly context: Context<unknown>
}

const nothing = (): void => undefined

/** What the handler returned, or its result. */
export function runIntercepted(
  interceptors: Interceptors<ServerCall>,
  action: RegisteredAction,
  data: unknown,
  context: Context<unknown>,
): unknown {
  const subject = subjectOf(action.actionClass, action.name, action.takesPayload ? undefined : data)
  if (subject === undefined) return action.run(data, context)
  return new Promise((resolve, reject) => {
    let hasStarted = false
    let source: InterceptedSource | undefined
    const last = async (): Promise<unknown> => {
      hasStarted = true
      const returned: unknown = await action.run(data, context)
      const items = itemSourceOf(returned)
      if (items === undefined) return returned
      source = new InterceptedSource(items, outcome)
      // In a box: an ItemSource that has a `then` is one all the same.
      resolve(source)
      return source.result
    }
    const outcome = interceptors.run({ ...subject, context }, last)
    outcome.then(resolve, (error: unknown) => {
      // Ends what it streams: the interceptor does not wait for it.
      if (source !== undefined) void leaveQuietly(source)
      const isRefusal = !hasStarted && error instanceof IsockError && error.notStarted
      reject(isRefusal ? new Refused(error) : error)
    })
  })
}

/** A handler's items, and at their end what the interceptors made of it. */
class InterceptedSource implements ItemSource, AsyncIterable<unknown> {
  readonly endsByItself: boolean
  /** Of the handler. */
  readonly result: Promise<unknown>
  readonly #outcome: Promise<unknown>
  readonly #next: () => ReturnType<ItemSource['next']>
  readonly #return: (value: unknown) => ReturnType<NonNullable<ItemSource['return']>> | undefined
  #end: { resolve(value: unknown): void; reject(error: unknown): void } | undefined

  constructor(source: ItemSource, outcome: Promise<unknown>) {
    this.#outcome = outcome
    this.endsByItself = endsByItself(source)
    // Its steps belong to the interceptors' asynchronous context.
    this.#next = keepContext(() => source.next())
    this.#return = keepContext((value: unknown) => source.return?.(value))
    this.result = new Promise((resolve, reject) => {
      this.#end = { resolve, reject }
    })
    this.result.catch(nothing)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const step = await this.#next()
      if (!step.done) return step
      this.#end?.resolve(step.value)
    } catch (error) {
      this.#end?.reject(error)
    }
    return { done: true, value: await this.#outcome }
  }

  async return(value: unknown): Promise<IteratorResult<unknown>> {
    try {
      const step = await this.#return(value)
      this.#end?.resolve(step?.value)
    } catch (error) {
      this.#end?.reject(error)
      throw error
    }
    await this.#outcome.catch(nothing)
    return { done: true, value: undefined }
  }
}
