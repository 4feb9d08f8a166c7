// Where a thread begins: makes it able to import what its server can, and lets task-runner.ts run the task.
import { register } from 'node:module'
import { markThread } from '../base/in-thread.ts'
import type { ThreadResult, ThreadTask } from './thread-messages.ts'

/** Called by piscina for each task. */
export async function runTask(task: ThreadTask): Promise<ThreadResult> {
  await null
  markThread()
  readTypeScript(task.module)
  const { runThreadTask } = await import('./task-runner.ts')
  return runThreadTask(task)
}

const registered = Symbol.for('isock.threads.tsx')

/**
 * A server that runs under tsx has modules in TypeScript, but tsx leaves threads alone on some versions of Node. Once in a
 * thread, kept on its global object: under tsx this module may be loaded twice.
 */
function readTypeScript(module: string): void {
  const globals = globalThis as { [registered]?: boolean }
  if (globals[registered] || !/\.[cm]?tsx?$/.test(module) || !process.execArgv.some((arg) => arg.includes('tsx')))
    return
  globals[registered] = true
  register('tsx', module, { data: true })
}
