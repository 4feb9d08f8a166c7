// Readers of a pipe that leave before all is said, as `head` does: they have what they wanted, so a command ends quietly, and what
// it runs at a server is given up with it. One that serves continues without them.
import { exitCodes } from './exit-codes.ts'

/** `goesOn`: what is said to nobody is lost. */
export function heedLeavingReaders(goesOn: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!goesOn) process.exit(exitCodes.done)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
