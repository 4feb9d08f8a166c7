// The built-in actions by which clients use services. The end of the call confirms that the method has run; its items
// are the responses. Shared by both sides: the client runs them by class, the server adds instances.
import { Action } from '../../core/action/action.ts'
import { type CallSubject, callSubject, fieldOf } from '../../core/action/call-subject.ts'
import type { Context } from '../../core/action/context.ts'

/** The data of a request. */
export interface ServiceRequest {
  readonly service: string
  /** Which state of a durable service; left out: its only one. */
  readonly key?: string
  readonly args?: unknown
  /** For terminate: shut the server down too. */
  readonly shutdown?: boolean
  /** The first item is the receipt, and the only one: the run does not end with its call. */
  readonly confirm?: 'receipt'
}

/** Serves one request. It comes from a peer, so its shape is unknown. */
export type ServeRequest = (request: unknown, context: Context<unknown>) => Promise<void>

abstract class ServiceAction extends Action {
  static [callSubject](request: unknown): CallSubject {
    return { kind: 'service', name: String(fieldOf(request, 'service')), data: fieldOf(request, 'args') }
  }

  readonly #serve: ServeRequest

  constructor(serve: ServeRequest) {
    super()
    this.#serve = serve
  }

  override action(request: ServiceRequest, context: Context<unknown>): Promise<void> {
    return this.#serve(request, context)
  }
}

export class Initialize extends ServiceAction {
  static override actionName = 'isock.services.initialize'
}

export class Execute extends ServiceAction {
  static override actionName = 'isock.services.execute'
}

export class Terminate extends ServiceAction {
  static override actionName = 'isock.services.terminate'
}

// A durable service has names of its own, so that both sides know of each call that its outcome is recorded.

export class DurableInitialize extends ServiceAction {
  static override actionName = 'isock.services.durable.initialize'
  static override transactional = true
}

export class DurableExecute extends ServiceAction {
  static override actionName = 'isock.services.durable.execute'
  static override transactional = true
}

export class DurableTerminate extends ServiceAction {
  static override actionName = 'isock.services.durable.terminate'
  static override transactional = true
}
