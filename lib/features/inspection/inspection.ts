// Lets the operators of a server see which sessions and answers it keeps, as a server feature. Leaves what a store has recorded to the feature
// that has the store.
import type { Requires } from '../../core/action/requirement.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption } from '../../core/base/options.ts'
import type { Feature, ServerFeature, ServerKit, SessionChange } from '../../core/server/feature.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import { CallPages } from './call-pages.ts'
import { listAnswers, listSessions } from './inspection-actions.ts'
import { SessionPages, type SessionTimes } from './session-pages.ts'

/** Options of {@link inspection}. */
export interface InspectionOptions {
  /**
   * Who may see the sessions of all clients, as `static requires` of an action: a role, several, or a function of the caller's session.
   * There is no default.
   */
  readonly requires: Requires
}

const optionTable: OptionTable<InspectionOptions> = { requires: 'protects' }

/**
 * Lets operators list the sessions that a server and its store keep, and the answers of a session: `isock sessions` and `isock answers`.
 * They see ids, identities, names of actions, states and sizes, never a secret or a value. Daemons and `isock server` have it already.
 *
 * @throws ClientError (`INVALID_OPTION`) without `requires`.
 * @example
 * const features = [data({ models, url: 'file:bank.db' }), inspection({ requires: 'operator' })]
 * const server = new Server('localhost', 4440, { features, guards: [new StaffGuard()] })
 */
export function inspection(options: InspectionOptions): Feature {
  checkOptions('inspection', options, optionTable)
  const { requires } = options
  const roles: readonly unknown[] = Array.isArray(requires) ? requires : [requires]
  const areRoles = roles.length > 0 && roles.every((role) => typeof role === 'string' && role !== '')
  if (typeof requires !== 'function' && !areRoles)
    throw invalidOption('requires', 'a role, several or a function', requires)
  return { name: 'inspection', attach: (kit) => new Inspection(kit, requires) }
}

export class Inspection implements ServerFeature {
  readonly #kit: ServerKit
  readonly #times = new WeakMap<ServerSession, SessionTimes>()

  constructor(kit: ServerKit, requires: Requires) {
    this.#kit = kit
    const sessions = new SessionPages(kit, (session) => this.#times.get(session))
    kit.addBuiltIn(listSessions(requires, (page) => sessions.read(page)))
    const calls = new CallPages(kit)
    kit.addBuiltIn(listAnswers(requires, (page) => calls.read(page)))
  }

  onSessionChange(session: ServerSession, change: SessionChange): void {
    const nowMs = this.#kit.clock.now()
    const { openedAtMs = nowMs } = this.#times.get(session) ?? {}
    this.#times.set(session, { openedAtMs, cutAtMs: change === 'cut' ? nowMs : undefined })
  }
}
