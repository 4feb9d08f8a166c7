// Readers of a pipe that leave before all is said, as `head` does: a command ends quietly, as one that SIGPIPE ends (which Node
// ignores); one that serves goes on without them.

/** What shells tell of a program that SIGPIPE has ended. */
const endedByPipe = 128 + 13

/** `goesOn`: what is said to nobody is lost. */
export function heedLeavingReaders(goesOn: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!goesOn) process.exit(endedByPipe)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
