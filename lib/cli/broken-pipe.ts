// Output pipes whose reader leaves early, as `head` does: a client command ends silently, and its calls are cancelled. A command
// that serves continues without the reader.
import { exitCodes } from './exit-codes.ts'

/** `continues`: the process keeps running, and further output is lost. */
export function handleBrokenPipe(continues: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!continues) process.exit(exitCodes.done)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
