// Runs a program in a process of its own, and lets a spec wait for what it prints and for its end. A TypeScript file of the project
// runs from the compiled copy.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compiled } from './compiled.ts'
import { waitFor } from './wait-for.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface RunOptions {
  readonly args?: readonly string[]
  /** Added to this process's environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** What it reads from its standard input, which ends then; default: nothing. null: it stays open. */
  readonly input?: string | null
}

export interface Ended {
  /** undefined where a signal ended it. */
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly stdout: string
  readonly stderr: string
}

/** A running process. Whoever starts one awaits `ended`, or calls `kill` and awaits it. */
export class RunningScript {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  #isOver = false

  constructor(command: readonly string[], { env = {}, cwd = root, input = '' }: RunOptions) {
    this.child = spawn(process.execPath, command, { cwd, env: { ...process.env, ISOCK_TOKEN: undefined, ...env } })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    // A process that has ended reads no more.
    this.child.stdin?.on('error', () => undefined)
    if (input !== null) this.child.stdin?.end(input)
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.#isOver = true
        const { stdout, stderr } = this
        resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr })
      })
    })
  }

  /** What the pattern matched in the output. Fails when the process ends before, or prints no such thing in time. */
  async printed(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout', timeoutMs = 25_000): Promise<RegExpExecArray> {
    return waitFor(
      () => {
        const match = pattern.exec(this[stream])
        if (match === null && this.#isOver)
          throw new Error(`ended without printing ${pattern}:\n${this.stdout}${this.stderr}`)
        return match
      },
      { timeoutMs, what: `${pattern} on ${stream}` },
    )
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal)
  }
}

/** Starts a file of the project. */
export function startScript(file: string, options: RunOptions = {}): RunningScript {
  return new RunningScript([compiled(file), ...(options.args ?? [])], options)
}
