// `static requires` of an action: who may run it.
import { IsockError, ServerError } from '../base/errors.ts'
import { describe } from '../base/options.ts'
import type { SessionView } from './session-view.ts'

/**
 * A role or several: the identity must have them all in its field `roles`. Or a function that decides by the caller's session.
 * What the function throws counts as a refusal.
 */
export type Requires = string | readonly string[] | ((session: SessionView) => boolean | Promise<boolean>)

/** Resolves, or throws ServerError (`NOT_ALLOWED`). */
export type Requirement = (session: SessionView) => Promise<void> | void

/** Of a class that declares it, or inherits it; undefined: everybody who may connect. Throws ServerError (`INVALID_ACTION`). */
export function requirementOf(name: string, actionClass: object): Requirement | undefined {
  if (!('requires' in actionClass)) return undefined
  const { requires } = actionClass
  if (typeof requires === 'function') return asked(name, requires as (session: SessionView) => unknown)
  const roles: readonly unknown[] = Array.isArray(requires) ? requires : [requires]
  // An empty list would let everybody in.
  if (roles.length === 0 || !roles.every((role) => typeof role === 'string' && role !== ''))
    throw new ServerError(
      `static requires of action "${name}": expected a role, several or a function, got ${describe(requires)}`,
      { code: 'INVALID_ACTION' },
    )
  return ({ identity }) => {
    const given = identity?.['roles']
    const missing = roles.filter((role) => !Array.isArray(given) || !given.includes(role))
    if (missing.length > 0)
      throw notAllowed(name, `it requires the role ${missing.map((role) => `"${role}"`).join(', ')}`)
  }
}

function asked(name: string, requires: (session: SessionView) => unknown): Requirement {
  return (session) => {
    let isAllowed: unknown
    try {
      isAllowed = requires(session)
    } catch (error) {
      throw failed(name, error)
    }
    if (isAllowed === true) return undefined
    if (!(isAllowed instanceof Promise)) throw notAllowed(name)
    return isAllowed.then(
      (isAllowedLate) => {
        if (isAllowedLate !== true) throw notAllowed(name)
      },
      (error: unknown) => {
        throw failed(name, error)
      },
    )
  }
}

/** An error of isock's, such as BusyError, is the refusal; others may name secrets. */
function failed(name: string, error: unknown): IsockError {
  return error instanceof IsockError && error.notStarted ? error : notAllowed(name, undefined, error)
}

function notAllowed(name: string, why = 'this session may not run it', cause?: unknown): ServerError {
  return new ServerError(`action "${name}": ${why}`, { code: 'NOT_ALLOWED', notStarted: true, cause })
}
