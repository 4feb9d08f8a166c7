// What is said at the end of a run of the specs: what was skipped and why, how many long specs were left out, and as the last line
// the totals, `N passed, N failed[, N skipped]`. The totals of several processes can be added up.

/** `skipped` are `{ reason, folder, title }`, `failures` `{ title, message }`: a long run shows them once more at its end. */
export const noTotals = { passed: 0, failed: 0, leftOut: 0, skipped: [], failures: [] }

const linesOfFailure = 20

export function sumOf(all) {
  return all.reduce(
    (sum, each) => ({
      passed: sum.passed + each.passed,
      failed: sum.failed + each.failed,
      leftOut: sum.leftOut + each.leftOut,
      skipped: [...sum.skipped, ...each.skipped],
      failures: [...sum.failures, ...each.failures],
    }),
    noTotals,
  )
}

export function linesOf({ passed, failed, leftOut, skipped }) {
  const lines = [...new Set(skipped.map(({ reason }) => reason))].map(
    (reason) => `skipped ${whichOf(skipped.filter((each) => each.reason === reason))}: ${reason}`,
  )
  if (leftOut > 0) lines.push(`${leftOut} long specs were left out; npm run test:all runs all specs at full size`)
  return [...lines, `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`]
}

/** What failed, for the end of a long output. */
export function linesOfFailures({ failures }) {
  return failures.flatMap(({ title, message }) => [
    `failed: ${title}`,
    ...message
      .split('\n')
      .slice(0, linesOfFailure)
      .map((line) => `  ${line.slice(0, 300)}`),
  ])
}

/** One line for each reason, however many specs were skipped for it. */
function whichOf(specs) {
  if (specs.length === 1) return specs[0].title
  return `${specs.length} specs of ${[...new Set(specs.map(({ folder }) => folder))].join(', ')}`
}
