// CommandFailed: what Exec throws. The client catches it as this class, with its fields.
import { ActionError } from 'isock'

/** A command that ended with an exit code other than 0, by a signal, or that could not be started. */
export class CommandFailed extends ActionError {
  /** undefined where the command was killed, or never started. */
  readonly exitCode: number | undefined
  /** What it wrote to its error output. */
  readonly stderr: string

  constructor(message: string, exitCode: number | undefined, stderr: string) {
    super(message, { code: 'COMMAND_FAILED' })
    this.exitCode = exitCode
    this.stderr = stderr
  }
}
