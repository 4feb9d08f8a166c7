// Known names similar to a mistyped one, for error messages. A peer may send unknown names of any number and length, so a
// name that resembles no other is cheap to check.

/** How many characters of a name are compared. */
const comparedLength = 64

/** At most three names, the nearest first. */
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

/** For the end of an error about an unknown name: the nearest ones, else the first few that there are. */
export function nameHint(name: string, known: Iterable<string>): string {
  const near = nearestNames(name, known)
  if (near.length > 0) return `; did you mean ${near.map((other) => `"${other}"`).join(' or ')}?`
  const all = [...known]
  const shown = all.slice(0, 3).filter((other) => other.length <= comparedLength)
  if (shown.length === 0) return '; there are none here'
  const more = all.length - shown.length
  return `; there ${all.length === 1 ? 'is' : 'are'} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** The Levenshtein distance; Infinity above the limit. */
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
    // The distance only grows from here.
    if (least > limit) return Number.POSITIVE_INFINITY
    row = next
  }
  return row[b.length] as number
}
