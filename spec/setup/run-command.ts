// Runs a command of `isock` in this process: what it prints, and its exit code. For all that needs no process of its own, such as
// signals, closed pipes and modules.
import { runProgram } from '../../lib/cli/program.ts'

export interface CommandOutcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What went to standard output, as bytes. */
  readonly bytes: Buffer
}

export interface CommandOptions {
  /** Added to this process's environment meanwhile. */
  readonly env?: Readonly<Record<string, string>>
}

const queue = { last: Promise.resolve() as Promise<unknown> }

/** One at a time: others wait. Its output is no terminal. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
  const outcome = queue.last.then(() => run(args, options))
  queue.last = outcome.catch(() => undefined)
  return outcome
}

async function run(args: readonly string[], { env = {} }: CommandOptions): Promise<CommandOutcome> {
  const { stdout, stderr, exitCode } = process
  const printed: Buffer[] = []
  const complained: Buffer[] = []
  const restore = [catchWrites(stdout, printed), catchWrites(stderr, complained)]
  const former = Object.keys(env).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, env)
  process.exitCode = undefined
  try {
    await runProgram(['node', 'isock', ...args])
    const bytes = Buffer.concat(printed)
    const code = Number(process.exitCode ?? 0)
    return { code, stdout: bytes.toString(), stderr: Buffer.concat(complained).toString(), bytes }
  } finally {
    process.exitCode = exitCode
    for (const [name, value] of former) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    for (const each of restore) each()
  }
}

/** Keeps what is written to a stream, until the returned function is called. */
function catchWrites(stream: NodeJS.WriteStream, kept: Buffer[]): () => void {
  const { write, isTTY, columns, hasColors } = stream
  Object.assign(stream, { isTTY: false, columns: undefined, hasColors: undefined })
  stream.write = ((chunk: string | Uint8Array) => {
    kept.push(Buffer.from(chunk as string))
    return true
  }) as typeof stream.write
  return () => {
    Object.assign(stream, { write, isTTY, columns, hasColors })
  }
}
