// Sets in files and stores: the items as a sorted list, so that equal sets have the same text.

/** Each item once: numbers sorted by size, texts by their characters. */
export function sortedItems(items: Iterable<unknown>): unknown[] {
  return [...new Set(items)].sort((one, other) => {
    const [a, b] = [one as string, other as string]
    return a < b ? -1 : a > b ? 1 : 0
  })
}
