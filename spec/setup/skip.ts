// Skips a spec, or from a `before` hook its whole suite, with a reason that the reporter prints.
import type { Context } from 'mocha'

/**
 * Skips the running spec; called in a `before` hook, every spec of that suite.
 *
 * @example
 * it('listens on a Unix socket', function () {
 *   if (process.platform === 'win32') skip(this, 'Windows has no Unix sockets')
 * })
 */
export function skip(context: Context, reason: string): never {
  const { test, currentTest } = context
  // In a `before` hook mocha's currentTest is the suite's first spec only: the reason belongs to all of them.
  const target = test?.title.startsWith('"before all"') ? test.parent : (currentTest ?? test)
  if (target) Object.assign(target, { skipReason: reason })
  return context.skip()
}
