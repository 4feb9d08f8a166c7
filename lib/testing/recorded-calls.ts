// What a test's server was asked to do, in the order in which the calls began.
import { type ActionClass, requireActionName } from '../core/action/action.ts'
import type { CallSubject } from '../core/action/call-subject.ts'
import type { Identity } from '../core/action/context.ts'
import type { InputOf, OutputOf } from '../core/action/inference.ts'
import type { Server, ServerCall } from '../index.ts'

/** One run at the server: a call that was resent and ran twice is two. */
export interface RecordedCall<Data = unknown, Value = unknown> {
  readonly kind: CallSubject['kind']
  /** The wire name of the action; the name of the service or channel. */
  readonly name: string
  /** As the server decoded it; a stream is the handler's to read. */
  readonly data: Data
  readonly identity: Identity | undefined
  /** undefined while it runs. */
  outcome: { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: unknown } | undefined
}

/** Older ones are forgotten. */
const mostCalls = 10_000

export class RecordedCalls {
  readonly list: RecordedCall[] = []

  record(server: Server): void {
    server.use(async (call, next) => {
      const recorded = this.#begin(call)
      try {
        const result = await next()
        recorded.outcome = { ok: true, value: result }
        return result
      } catch (error) {
        recorded.outcome = { ok: false, error }
        throw error
      }
    })
  }

  /** Those of an action, by class or wire name. */
  of<C extends ActionClass>(action: C | string): RecordedCall<InputOf<C>, OutputOf<C>>[] {
    const wanted = typeof action === 'string' ? action : requireActionName(action)
    return this.list.filter(({ name }) => name === wanted) as RecordedCall<InputOf<C>, OutputOf<C>>[]
  }

  #begin({ kind, name, data, context }: ServerCall): RecordedCall {
    const recorded: RecordedCall = { kind, name, data, identity: context.session.identity, outcome: undefined }
    if (this.list.push(recorded) > mostCalls) this.list.shift()
    return recorded
  }
}
