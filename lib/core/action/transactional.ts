// Whether an action is transactional, and whether something commits it: a feature that has data, see data/data.ts.
import { ServerError } from '../base/errors.ts'
import type { ActionClass, AnyAction } from './action-class.ts'

/** What a registration says of it. */
export interface TransactionalAction {
  readonly name: string
  /** The instance that runs, if it is one. */
  readonly instance: AnyAction | undefined
  readonly actionClass: ActionClass | undefined
  readonly takesPayload: boolean
  readonly isTransactional?: boolean
}

/** Whether the class of an action, or its contract, says that it is transactional. */
export function wantsTransaction({ instance, actionClass }: TransactionalAction): boolean {
  const Class = instance?.constructor as ActionClass | undefined
  return Class?.transactional ?? actionClass?.transactional ?? false
}

/** Throws ServerError (`INVALID_ACTION`) for an action that nothing commits. */
export function requireTransactions(action: TransactionalAction): void {
  if (!wantsTransaction(action)) return
  const label = `action "${action.name}" is transactional`
  if (action.takesPayload) throw invalid(`${label} and threaded, but a thread has no transaction; choose one of them`)
  if (action.isTransactional === true) return
  throw invalid(
    `${label}, but this server has no data: add the feature data({ models, url }) of 'isock/data' before it`,
  )
}

function invalid(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_ACTION' })
}
