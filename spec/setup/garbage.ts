// Whether what nobody needs any more is let go of: for specs of what a long life must not pile up.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { waitFor } from './wait-for.ts'

setFlagsFromString('--expose-gc')
export const collectGarbage = runInNewContext('gc') as () => void

/** Settles when all of them were collected; rejects where one is still held after a while. */
export async function untilForgotten(refs: readonly WeakRef<object>[], what: string): Promise<void> {
  const isGone = (): boolean => {
    collectGarbage()
    return refs.every((ref) => ref.deref() === undefined)
  }
  await waitFor(isGone, { timeoutMs: 15_000, what: `${what} to be forgotten` })
}
