// Adds to an error from elsewhere the stack of the code that waits for it, at no cost for calls that succeed: V8 knows which
// code awaits a promise when an async function that settles it resumes. Other engines (Firefox, Safari) do not: there each
// call stores the stack of its creation.

import { setStack } from '../base/error-stack.ts'

const isV8 = /^ {4}at /m.test(String(new Error().stack))

/** The stack of the code that makes a call, in engines that do not know the code that awaits it; undefined in V8. */
export const callSite: () => string | undefined = isV8 ? () => undefined : () => new Error().stack

/**
 * Rejects with the error, its stack completed by the lines that await the call, or that made it (`site`). Its own lines are kept
 * when it came from the other side, and dropped when it was made here, where they are those of a timer or socket.
 */
export async function withCallerStack(error: unknown, ownLines: 'keep' | 'drop', site?: string): Promise<never> {
  // Two turns, so that code that got the promise in this tick awaits it by now.
  await undefined
  await undefined
  const lines = site === undefined ? awaitingLines() : linesOfUser(site)
  if (error instanceof Error && lines.length > 0) {
    const own = ownLines === 'keep' && error.stack ? error.stack : `${error.name}: ${error.message}`
    setStack(error, [own, ...lines].join('\n'))
  }
  throw error
}

function awaitingLines(): string[] {
  const here: { stack?: string } = {}
  Error.captureStackTrace?.(here, withCallerStack)
  return here.stack?.split('\n').filter((line) => line.startsWith('    at ') && !line.includes('(node:')) ?? []
}

/** Drops the first lines, which belong to isock's own file; keeps all when there is only one file, as in a bundle. */
function linesOfUser(site: string): string[] {
  const lines = site.split('\n').filter((line) => line !== '')
  const [own] = lines.map(fileOf)
  const first = lines.findIndex((line) => fileOf(line) !== own)
  return lines.slice(Math.max(0, first))
}

/** The file in `name@https://host/file.js:12:34`. */
function fileOf(line: string): string {
  return line.replace(/^[^@]*@|:\d+:\d+$/g, '')
}
