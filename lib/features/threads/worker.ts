// The entry point of a thread: makes it able to import what its server can, and leaves the task to task-runner.ts.
import { register } from 'node:module'
import { markThread } from '../../core/base/in-thread.ts'
import type { ThreadResult, ThreadTask } from './thread-messages.ts'

/** Called by piscina for each task. */
export async function runTask(task: ThreadTask): Promise<ThreadResult> {
  await null
  markThread()
  readTypeScript(task)
  const { runThreadTask } = await import('./task-runner.ts')
  return runThreadTask(task)
}

const registered = Symbol.for('isock.threads.tsx')

/** Registers the server's loader. Once per thread, kept on its global object: under tsx this module may be loaded twice. */
function readTypeScript({ module, loader }: ThreadTask): void {
  const globals = globalThis as { [registered]?: boolean }
  if (globals[registered] || loader === undefined) return
  globals[registered] = true
  register(loader, module, { data: true })
}
