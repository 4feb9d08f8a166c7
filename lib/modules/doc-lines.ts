// The first line of the comment above a class, read from the source of its module: `isock ls` shows it for an action
// without a `static description`.

/** Returns undefined if there is no such class, or no doc comment right above it. */
export function docLineOf(className: string, source: string): string | undefined {
  // `$` is the only character of a JavaScript class name that is special in a pattern.
  const name = className.replaceAll('$', '\\$')
  const head = new RegExp(`(?:export\\s+)?(?:default\\s+)?(?:abstract\\s+)?class\\s+${name}(?![\\w$])`, 'g')
  for (const { index } of source.matchAll(head)) {
    const comment = commentBefore(source, index)
    if (comment !== undefined) return firstLineOf(comment)
  }
  return undefined
}

function commentBefore(source: string, index: number): string | undefined {
  // Line comments may stand in between, such as those for a linter.
  const before = source.slice(0, index).replace(/(?:\s*\/\/[^\n]*\n)*\s*$/, '')
  if (!before.endsWith('*/')) return undefined
  const start = before.lastIndexOf('/*')
  return before.startsWith('/**', start) ? before.slice(start + 3, -2) : undefined
}

function firstLineOf(comment: string): string | undefined {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*?\s*/, '').trim())
  const first = lines.find((line) => line !== '')
  return first?.startsWith('@') ? undefined : first
}
