// Starts a TypeScript file in a process of its own, on every Node that isock runs on: tsx compiles it.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The script gets the arguments, this process's terminal, and a channel that closes when either process ends. */
export function spawnScript(url: URL, args: readonly string[] = []): ChildProcess {
  const command = ['--import', import.meta.resolve('tsx'), fileURLToPath(url), ...args]
  return spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

/** The first message that the script sends. Rejects when it ends before. */
export function firstMessage(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)))
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`the process ended with ${signal ?? `exit code ${code}`}`)))
  })
}

/** Settles when the process has ended, with its exit code; 1 where a signal ended it. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? 1)
    else child.once('exit', (code) => resolve(code ?? 1))
  })
}
