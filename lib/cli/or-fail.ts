// The error handling of commands without a client: an error is printed, and sets the exit code of the process.
import { debugText, exitCodeOf, messageOf } from './failure.ts'
import { print } from './output.ts'

/** Never rejects. The exit code is that of the first failure. */
export async function orFail(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    process.exitCode ??= exitCodeOf(error, false)
    await print(`${debugText(error)}isock: ${messageOf(error)}\n`, process.stderr)
  }
}
