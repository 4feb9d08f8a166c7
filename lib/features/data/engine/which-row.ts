// The argument of `get` and `find`: a pk, or a filter created by the program. An object that a client sent in place of a pk
// is neither.
import { InvalidDataError } from '../data-errors.ts'
import type { UnitOwner } from '../open-unit.ts'
import type { ModelPlan } from '../plan.ts'

/** @throws InvalidDataError. */
export function filterOf(which: unknown, plan: ModelPlan, owner: UnitOwner): unknown {
  const { name } = plan
  if (typeof which === 'string') return { pk: plan.check('pk', which) }
  if (which === undefined || which === null) throw new InvalidDataError(`${name}: expected a pk or a filter`)
  if (typeof which !== 'object') return which
  // An empty filter would return the only row of the table, or reveal the number of rows.
  if (Object.keys(which).length === 0)
    throw new InvalidDataError(`${name}: expected a pk, or a filter with at least one condition`)
  if (owner.isFromClient?.(which) !== true) return which
  const message = `${name}: expected a pk, got an object that the client sent; check it by static input, or read a filter with parseFilter()`
  throw new InvalidDataError(message, { model: name, field: 'pk' })
}
