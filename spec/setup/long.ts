// Long specs: those that repeat a proof thousands of times, or start many processes. `npm test` runs them at a smaller size, or
// leaves them out and says how many; `npm run test:all`, and a run of their file alone, run all of them at full size.
import type { AsyncFunc, Context, Suite, Test } from 'mocha'

const isShort = process.env['ISOCK_SPECS_SIZE'] === 'few'

/** What scripts/mocha-reporter.mjs reads from the root suite. */
interface LeavingOut {
  longSpecsLeftOut?: number
}

/**
 * How often a proof is repeated: all times, or few in `npm test`.
 *
 * @example
 * const seeds = sizeOf({ all: 10_000, few: 200 })
 */
export function sizeOf({ all, few }: { readonly all: number; readonly few: number }): number {
  return isShort ? few : all
}

/** Of many cases that differ little: all of them, or the first in `npm test`. */
export function casesOf<T>(all: readonly T[], few: number): readonly T[] {
  return isShort ? all.slice(0, few) : all
}

/** Like `it`, for a spec that `npm test` leaves out. */
export function longIt(title: string, run: (this: Context) => unknown): Test {
  const spec: Test = it(title, run as AsyncFunc)
  if (isShort) leaveOut(spec, 1, spec.parent?.tests)
  return spec
}

/** Like `describe`, for specs that `npm test` leaves out. */
export function longDescribe(title: string, define: (this: Suite) => void): void {
  const suite = describe(title, define)
  if (isShort) leaveOut(suite, suite.total(), suite.parent?.suites)
}

/** It is defined, and then taken out: so mocha shows no line for each, and runs no hooks for a suite without specs. */
function leaveOut<T extends Suite | Test>(left: T, count: number, among: T[] | undefined): void {
  among?.splice(among.indexOf(left), 1)
  const root = rootOf(left) as LeavingOut
  root.longSpecsLeftOut = (root.longSpecsLeftOut ?? 0) + count
}

function rootOf({ parent }: Suite | Test): Suite {
  let root = parent as Suite
  while (root.parent) root = root.parent
  return root
}
