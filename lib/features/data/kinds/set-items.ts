// Sets as files and stores keep them: the items as a list in one order, so that equal sets are the same text.

/** Each item once: numbers by size, texts by their characters. */
export function sortedItems(items: Iterable<unknown>): unknown[] {
  return [...new Set(items)].sort((one, other) => {
    const [a, b] = [one as string, other as string]
    return a < b ? -1 : a > b ? 1 : 0
  })
}
