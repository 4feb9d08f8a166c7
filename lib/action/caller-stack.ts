// Gives an error that came from elsewhere the stack of the code that waits for it, at no cost for calls that
// succeed: V8 can tell who awaits a promise when an async function that settles it is resumed.

/**
 * Rejects with the error, its stack completed by the lines that await the call. What the stack has is kept when it
 * came from the other side, and dropped when the error was made here, where its lines are those of a timer or socket.
 */
export async function withCallerStack(error: unknown, ownLines: 'keep' | 'drop'): Promise<never> {
  // Two turns, so that whoever got the promise in this tick awaits it by now.
  await undefined
  await undefined
  const here: { stack?: string } = {}
  Error.captureStackTrace?.(here, withCallerStack)
  const lines = here.stack?.split('\n').filter((line) => line.startsWith('    at ') && !line.includes('(node:')) ?? []
  if (error instanceof Error && lines.length > 0) {
    const own = ownLines === 'keep' && error.stack ? error.stack : `${error.name}: ${error.message}`
    setStack(error, [own, ...lines].join('\n'))
  }
  throw error
}

function setStack(error: Error, stack: string): void {
  try {
    error.stack = stack
  } catch {
    // A frozen error keeps the stack that it has.
  }
}
