// Names like a mistyped one, for error messages.

/** At most three, the nearest first; none where nothing is near. */
export function nearestNames(name: string, known: Iterable<string>): string[] {
  const wanted = name.toLowerCase()
  const limit = Math.max(2, Math.ceil(wanted.length / 3))
  const near: { name: string; distance: number }[] = []
  for (const other of known) {
    const candidate = other.toLowerCase()
    const isPart = candidate.endsWith(`.${wanted}`) || wanted.endsWith(`.${candidate}`)
    const distance = isPart ? 0 : editDistance(wanted.slice(0, 64), candidate.slice(0, 64), limit)
    if (distance <= limit) near.push({ name: other, distance })
  }
  near.sort((a, b) => a.distance - b.distance)
  return near.slice(0, 3).map((entry) => entry.name)
}

/** Levenshtein's distance, given up above the limit. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
