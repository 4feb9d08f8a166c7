// isock whose bounds let one address have 100 000 sessions, which stay: for how costs grow, not for comparison.
import { Action } from '../../lib/index.ts'
import { isockWith } from './isock-base.ts'

class Echo extends Action {
  override async action(value: unknown): Promise<unknown> {
    return value
  }
}

const hourMs = 3_600_000

export const contender = isockWith(Echo, {
  limits: {
    maxSessions: 200_000,
    maxHeldBytes: 8 * 2 ** 30,
    sessionLeaseMs: hourMs,
    unusedSessionLeaseMs: hourMs,
  },
})
