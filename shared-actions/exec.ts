// Exec: runs a command on the server. Whoever may call it may do everything that the server's user may do, so offer it
// only behind a token or a guard. Which commands ran is kept in a list that the server owns; see exec-history.ts.
import { type ChildProcess, spawn } from 'node:child_process'
import { Action, type Context } from 'isock'
import { CommandFailed } from './command-failed.ts'
import type { Command } from './exec-history.ts'

const maxOutputCharacters = 1024 * 1024

/** Runs a command on the server and returns what it printed. */
export class Exec extends Action {
  static override errors = [CommandFailed]
  readonly #history: Command[]

  constructor(history: Command[]) {
    super()
    this.#history = history
  }

  override action(command: Command, { signal }: Context): Promise<string> {
    this.#history.push(command)
    return outputOf(command, signal)
  }
}

function outputOf(command: Command, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = start(command)
    let stdout = ''
    let stderr = ''
    const stop = (): void => killGroup(child)
    const collect = (text: string, chunk: string): string => {
      if (text.length + chunk.length > maxOutputCharacters) stop()
      return (text + chunk).slice(0, maxOutputCharacters)
    }
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      stdout = collect(stdout, chunk)
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = collect(stderr, chunk)
    })
    child.once('error', (error) => reject(new CommandFailed(error.message, undefined, stderr)))
    child.once('close', (exitCode, killedBy) => {
      signal.removeEventListener('abort', stop)
      if (signal.aborted) return reject(signal.reason)
      if (exitCode === 0) return resolve(stdout)
      const how = exitCode === null ? `was killed by ${killedBy}` : `ended with exit code ${exitCode}`
      reject(new CommandFailed(`${describe(command)} ${how}`, exitCode ?? undefined, stderr))
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

/** In a process group of its own, so that what a shell started ends with it. */
function start(command: Command): ChildProcess {
  const options = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], detached: !isWindows }
  if (typeof command === 'string') return spawn(command, { ...options, shell: true })
  const [program = '', ...args] = command
  return spawn(program, args, options)
}

const isWindows = process.platform === 'win32'

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid === undefined || isWindows) child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function describe(command: Command): string {
  return typeof command === 'string' ? `"${command}"` : `"${command.join(' ')}"`
}
