// Lets go of the files of closed stores. libsql closes a file when the last statement that was prepared on it is collected,
// and has no call that ends a statement.
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Collects garbage once: some milliseconds, more where the process keeps much. */
export async function collected(): Promise<void> {
  // What closed the store is over, so that nothing holds its statements.
  await turn()
  garbageCollector()()
  // Finalizers run then.
  await turn()
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
