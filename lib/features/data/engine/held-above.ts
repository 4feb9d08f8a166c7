// Detects that a unit of work needs what a calling unit holds: the caller's run waits for this one, so this one would wait for
// itself. It fails early, and reports what is held by which unit, instead of waiting for `waitMs`.
import { BusyError } from '../../../core/base/errors.ts'
import { clearTimeout, setTimeout } from '../../../core/base/platform-timers.ts'
import type { Engine } from './engine.ts'
import type { Transaction } from './transaction.ts'

/** The part of a unit of work that is needed. */
export interface Contender {
  /** Such as `action "buy"`. */
  readonly label: string
  readonly engine: Engine
  readonly transaction: Transaction
  /** One of its operations runs, or waits. */
  readonly isBusy: boolean
  giveUp(reason: Error): void
}

/** Checked twice: the calling run may not wait for the call yet, and commit first. */
const looks = 2
const lookEveryMs = 50

/** The outcome of `done`; rejects with BusyError, and abandons the unit, if it waits for what the other unit holds. */
export function unlessHeldAbove<T>(done: Promise<T>, unit: Contender, above: Contender): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = looks
    let isOver = false
    let timer: ReturnType<typeof setTimeout>
    const look = async (): Promise<void> => {
      const what = await heldAbove(unit, above).catch(() => undefined)
      if (isOver) return
      left = what === undefined ? looks : left - 1
      if (what === undefined || left > 0) {
        timer = setTimeout(() => void look(), lookEveryMs)
        return
      }
      const error = waitsForItself(unit, above, what)
      unit.giveUp(error)
      reject(error)
    }
    const over = (): void => {
      isOver = true
      clearTimeout(timer)
    }
    timer = setTimeout(() => void look(), lookEveryMs)
    done.then(
      (value) => {
        over()
        resolve(value)
      },
      (error) => {
        over()
        reject(error)
      },
    )
  })
}

/** What the unit waits for; undefined if it does not wait, or the other unit may end meanwhile. */
async function heldAbove(unit: Contender, above: Contender): Promise<string | undefined> {
  const { engine } = unit
  if (!above.transaction.isOpen || above.isBusy) return undefined
  if (engine.hasOneConnection) return unit.transaction.isOpen ? undefined : "the store's only connection"
  if (engine.isPostgres)
    return (await above.transaction.locksOut(unit.transaction)) ? 'the lock that it needs' : undefined
  return unit.transaction.isBeginning ? 'the turn to write' : undefined
}

function waitsForItself(unit: Contender, above: Contender, what: string): BusyError {
  const held = `${what} is held by ${above.label} (for ${Math.round(above.transaction.heldMs)} ms), which waits for this call`
  const advice = 'write in one action, or commit before the call (await db.commit())'
  return new BusyError(`${unit.label} would wait for itself: ${held}; ${advice}`, { notStarted: false })
}
