// Whether the answers of an action are recorded outside of its server, with its effect (transactional) or around its run (durable), and
// whether something records them: a feature that has data, see data/data.ts.
import { ServerError } from '../base/errors.ts'
import type { ActionClass, AnyAction } from './action-class.ts'

/** How the answers of an action are recorded. */
export type Recording = 'transactional' | 'durable'

/** What a registration says of it. */
export interface RecordedAction {
  readonly name: string
  /** The instance that runs, if it is one. */
  readonly instance: AnyAction | undefined
  readonly actionClass: ActionClass | undefined
  readonly takesPayload: boolean
  readonly isTransactional?: boolean
  readonly isDurable?: boolean
}

/** What the class of an action, or its contract, says. Throws ServerError (`INVALID_ACTION`) if it says both. */
export function recordingOf({ name, instance, actionClass }: RecordedAction): Recording | undefined {
  const Class = instance?.constructor as ActionClass | undefined
  const isTransactional = Class?.transactional ?? actionClass?.transactional ?? false
  const isDurable = Class?.durable ?? actionClass?.durable ?? false
  if (isTransactional && isDurable)
    throw invalid(
      `action "${name}" is transactional and durable; choose transactional if all its effects are in context.db, else durable`,
    )
  if (isTransactional) return 'transactional'
  return isDurable ? 'durable' : undefined
}

/** Throws ServerError (`INVALID_ACTION`) for an action whose answers are to be recorded, and that nothing records. */
export function requireRecorder(action: RecordedAction): void {
  const recording = recordingOf(action)
  if (recording === undefined) return
  const label = `action "${action.name}" is ${recording}`
  if (action.takesPayload)
    throw invalid(
      recording === 'transactional'
        ? `${label} and threaded, but a thread has no transaction; choose one of them`
        : `${label} and threaded, but a thread records no answers; choose one of them`,
    )
  if (action.isTransactional === true || action.isDurable === true) return
  throw invalid(
    `${label}, but this server has no data: add the feature data({ models, url }) of 'isock/data' before it`,
  )
}

function invalid(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_ACTION' })
}
