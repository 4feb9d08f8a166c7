// Gives an error that came from elsewhere the stack of the code that waits for it, at no cost for calls that
// succeed: V8 can tell who awaits a promise when an async function that settles it is resumed.

/** Rejects with the error, its stack completed by the lines that await the call. */
export async function withCallerStack(error: unknown): Promise<never> {
  // Two turns, so that whoever got the promise in this tick awaits it by now.
  await undefined
  await undefined
  if (error instanceof Error) {
    const here: { stack?: string } = {}
    Error.captureStackTrace?.(here, withCallerStack)
    const lines = here.stack?.split('\n').slice(1) ?? []
    if (lines.length > 0) appendLines(error, lines.join('\n'))
  }
  throw error
}

function appendLines(error: Error, lines: string): void {
  const own = ownStack(error)
  const { value } = { value: `${own}\n${lines}` }
  try {
    error.stack = value
  } catch {
    // A frozen error keeps the stack that it has.
  }
}

/** What is worth keeping: a stack exposed by the other side; frames of our own receiving code say nothing. */
function ownStack(error: Error): string {
  const head = `${error.name}${error.message === '' ? '' : `: ${error.message}`}`
  const stack = error.stack ?? head
  const frames = stack.slice(stack.indexOf('\n    at ') + 1)
  const isOurs =
    stack.includes('\n    at ') && /\/(lib|dist)\/(session|link|client|action)\//.test(frames.split('\n')[0] ?? '')
  return isOurs ? head : stack
}
