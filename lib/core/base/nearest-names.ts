// Names like a mistyped one, for error messages. A peer may ask for as many unknown names as it likes, each as long as it
// likes, so a name that is not like any other costs little.

/** What is compared of a name. */
const comparedLength = 64

/** At most three, the nearest first; none where nothing is near. */
export function nearestNames(name: string, known: Iterable<string>): string[] {
  const wanted = name.toLowerCase()
  const limit = Math.max(2, Math.ceil(Math.min(wanted.length, comparedLength) / 3))
  const near: { name: string; distance: number }[] = []
  for (const other of known) {
    const candidate = other.toLowerCase()
    const isPart = candidate.endsWith(`.${wanted}`) || wanted.endsWith(`.${candidate}`)
    const distance = isPart ? 0 : editDistance(wanted, candidate, limit)
    if (distance <= limit) near.push({ name: other, distance })
  }
  near.sort((a, b) => a.distance - b.distance)
  return near.slice(0, 3).map((entry) => entry.name)
}

/** Levenshtein's distance, given up above the limit. */
function editDistance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return Number.POSITIVE_INFINITY
  const [a, b] = [one.slice(0, comparedLength), other.slice(0, comparedLength)]
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const distance = Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1)
      next.push(distance)
      least = Math.min(least, distance)
    }
    // It only grows from here.
    if (least > limit) return Number.POSITIVE_INFINITY
    row = next
  }
  return row[b.length] as number
}
