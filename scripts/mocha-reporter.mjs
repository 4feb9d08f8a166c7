// Mocha's spec reporter, which names what was skipped once for each reason, lets a root hook fail a spec that had
// already passed (see spec/setup/hooks.ts), and ends the output with `N passed, N failed[, N skipped]`.
import { writeFileSync, writeSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import Mocha from 'mocha'
import { writeDurations } from './spec-durations.mjs'
import { linesOf } from './spec-totals.mjs'

const hangAfterMs = 5_000
/** A file for the totals, where another process says them: see scripts/all-specs.mjs. */
const { ISOCK_SPECS_TOTALS: totalsFile, ISOCK_SPECS_TIMES: timesFile } = process.env

export default class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    showWhatRan(runner)
    if (timesFile) writeDurations(runner, timesFile)
    const skipped = []
    const failedAfterPassing = new Set()

    // A root after-each that throws would end the whole run; this fails the one spec, and the run goes on.
    runner.suite.ctx.failSpec = (spec, error) => {
      if (spec.state === 'passed') failedAfterPassing.add(spec)
      runner.fail(spec, error, true)
    }

    runner.on('pending', (spec) => skipped.push(spec))
    const shownAgain = []
    runner.on('fail', (spec, error) =>
      shownAgain.push({ title: spec.fullTitle(), message: String(error?.stack ?? error) }),
    )

    runner.once('end', () => {
      const hung = setTimeout(() => {
        const open = process.getActiveResourcesInfo().join(', ')
        Mocha.reporters.Base.consoleLog('  the specs ended, their process did not; it still holds: %s', open)
        process.exit(1)
      }, hangAfterMs)
      hung.unref() // it fires only where something else keeps the process alive
    })

    // The last thing said, whatever the specs' own output did. An exit code that no spec accounts for is a failure too.
    process.once('exit', (exitCode) => {
      const { passes = 0, failures = 0 } = runner.stats
      const totals = {
        passed: passes - failedAfterPassing.size,
        failed: failures === 0 && exitCode !== 0 ? 1 : failures,
        leftOut: runner.suite.longSpecsLeftOut ?? 0, // see spec/setup/long.ts
        skipped: skipped.map((spec) => ({ reason: reasonOf(spec), folder: folderOf(spec), title: spec.fullTitle() })),
        failures: shownAgain,
      }
      if (totalsFile) writeFileSync(totalsFile, JSON.stringify(totals))
      else
        writeSync(
          1,
          linesOf(totals)
            .map((line) => `${line}\n`)
            .join(''),
        )
    })
  }
}

/** No line for a skipped spec, nor for a suite in which none ran: hundreds are skipped for one reason. */
function showWhatRan(runner) {
  const unshown = []
  // The last that listen are those of mocha's reporter.
  const [showSuite] = runner.listeners('suite').slice(-1)
  const [leaveSuite] = runner.listeners('suite end').slice(-1)
  const [showPending] = runner.listeners('pending').slice(-1)
  runner.off('suite', showSuite).off('suite end', leaveSuite).off('pending', showPending)
  runner.on('suite', (suite) => unshown.push(suite))
  runner.on('suite end', (suite) => {
    if (unshown.at(-1) === suite) unshown.pop()
    else leaveSuite(suite)
  })
  const show = () => {
    for (const suite of unshown.splice(0)) showSuite(suite)
  }
  runner.prependListener('pass', show).prependListener('fail', show)
}

/** The reason that spec/setup/skip.ts left on the spec, or on a suite around it. */
function reasonOf(spec) {
  for (let at = spec; at !== undefined; at = at.parent) if (at.skipReason) return at.skipReason
  return '(no reason was given: use skip(this, reason) from spec/setup/skip.ts)'
}

function folderOf({ file = '' }) {
  return relative(process.cwd(), dirname(file)).replaceAll('\\', '/')
}
