// Mocha's spec reporter, which also names every skipped spec with its reason, lets a root hook fail a spec that had
// already passed (see spec/setup/hooks.ts), and ends the output with `N passed, N failed[, N skipped]`.
import { writeSync } from 'node:fs'
import Mocha from 'mocha'

const hangAfterMs = 5_000

export default class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const skipped = []
    const failedAfterPassing = new Set()

    // A root after-each that throws would end the whole run; this fails the one spec, and the run goes on.
    runner.suite.ctx.failSpec = (spec, error) => {
      if (spec.state === 'passed') failedAfterPassing.add(spec)
      runner.fail(spec, error, true)
    }

    runner.on('pending', (spec) => skipped.push(spec))

    runner.once('end', () => {
      for (const spec of skipped) Mocha.reporters.Base.consoleLog('  skipped: %s: %s', spec.fullTitle(), reasonOf(spec))
      const hung = setTimeout(() => {
        const open = process.getActiveResourcesInfo().join(', ')
        Mocha.reporters.Base.consoleLog('  the specs ended, their process did not; it still holds: %s', open)
        process.exit(1)
      }, hangAfterMs)
      hung.unref() // it fires only where something else keeps the process alive
    })

    // The last thing said, whatever the specs' own output did. An exit code that no spec accounts for is a failure too.
    process.once('exit', (exitCode) => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats
      const failed = failures === 0 && exitCode !== 0 ? 1 : failures
      const totals = [`${passes - failedAfterPassing.size} passed`, `${failed} failed`]
      if (pending > 0) totals.push(`${pending} skipped`)
      writeSync(1, `${totals.join(', ')}\n`)
    })
  }
}

/** The reason that spec/setup/skip.ts left on the spec, or on a suite around it. */
function reasonOf(spec) {
  for (let at = spec; at !== undefined; at = at.parent) if (at.skipReason) return at.skipReason
  return '(no reason was given: use skip(this, reason) from spec/setup/skip.ts)'
}
