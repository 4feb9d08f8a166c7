// A unit of work that needs what a unit above it holds: the run of that one waits for this one's, so that it would wait for
// itself. It fails soon, and says who holds what, instead of after `waitMs`.
import { BusyError } from '../../../core/base/errors.ts'
import { clearTimeout, setTimeout } from '../../../core/base/platform-timers.ts'
import type { Engine } from './engine.ts'
import type { Transaction } from './transaction.ts'

/** A unit of work, as this needs it. */
export interface Contender {
  /** As in `action "buy"`. */
  readonly label: string
  readonly engine: Engine
  readonly transaction: Transaction
  /** An operation of its runs, or waits. */
  readonly isBusy: boolean
  giveUp(reason: Error): void
}

/** Twice: the run above may have made its call on the side, and commit before it waits for it. */
const looks = 2
const lookEveryMs = 50

/** The same outcome; rejects with BusyError, and gives the unit up, where it waits for what the other one holds. */
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

/** What the unit waits for; undefined where it does not, or the other one may end meanwhile. */
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
