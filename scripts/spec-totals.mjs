// What is said at the end of a run of the specs: what was skipped and why, how many long specs were left out, and as the last line
// the totals, `N passed, N failed[, N skipped]`. The totals of several processes can be added up.

/** `skipped` are `{ reason, folder, title }`. */
export const noTotals = { passed: 0, failed: 0, leftOut: 0, skipped: [] }

export function sumOf(all) {
  return all.reduce(
    (sum, each) => ({
      passed: sum.passed + each.passed,
      failed: sum.failed + each.failed,
      leftOut: sum.leftOut + each.leftOut,
      skipped: [...sum.skipped, ...each.skipped],
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

/** One line for each reason, however many specs were skipped for it. */
function whichOf(specs) {
  if (specs.length === 1) return specs[0].title
  return `${specs.length} specs of ${[...new Set(specs.map(({ folder }) => folder))].join(', ')}`
}
