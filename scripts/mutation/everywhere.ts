// Shows each fault to every spec file that reaches it: those of its own room first, and of the rest the quick ones, up to the first
// that fails.
import type { Fault } from './faults.ts'
import { batchesOf, Reaching, type SpecFile, timeoutOf } from './reaching.ts'
import { isSeen, type Tried } from './report.ts'
import { roomOf, specsOf } from './rooms.ts'
import { runSpecs, type SpecResult } from './spec-run.ts'
import type { Workspace } from './workspace.ts'

export interface EverywhereOptions {
  readonly root: string
  /** At least one; as many faults are tried at the same time. */
  readonly workspaces: readonly Workspace[]
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
  /** All that there are, where what is learned is kept for other samples, in this file. */
  readonly kept?: { readonly faults: readonly Fault[]; readonly file: string } | undefined
  readonly onTried: (tried: Tried) => void
}

export async function everywhere(sample: readonly Fault[], options: EverywhereOptions): Promise<void> {
  const { root, workspaces, signal, tell, kept, onTried } = options
  const reaching = await Reaching.record(kept?.faults ?? sample, {
    paths: workspaces.map(({ path }) => path),
    keptIn: kept?.file,
    signal,
    tell,
  })
  const left = [...sample]
  const work = async (workspace: Workspace): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined && !signal.aborted; fault = left.shift()) {
      const startedAt = performance.now()
      const room = roomOf(fault.file)
      const specs = reaching.specsOf(fault, nearFoldersOf(root, room))
      const shown = await show(fault, specs, workspace, options)
      if (shown.result.how === 'stopped') return
      const ms = Math.round(performance.now() - startedAt)
      onTried({ fault, room, result: shown.result, ms, reach: { files: specs.length, isSeenNear: shown.isSeenNear } })
    }
  }
  await Promise.all(workspaces.map(work))
}

async function show(
  fault: Fault,
  specs: readonly SpecFile[],
  workspace: Workspace,
  { workspaces, signal }: EverywhereOptions,
): Promise<{ readonly result: SpecResult; readonly isSeenNear: boolean }> {
  const takeOut = workspace.plant(fault)
  let count = 0
  try {
    for (const batch of batchesOf(specs)) {
      const isSeenNear = batch[0]?.isNear === true
      const timeoutMs = timeoutOf(batch, workspaces.length)
      const run = (): Promise<SpecResult> =>
        runSpecs({ cwd: workspace.path, specs: batch.map(({ file }) => file), timeoutMs, signal })
      let result = await run()
      // Far from the fault a red spec is rare, and may be a busy machine.
      if (isSeen({ result }) && !isSeenNear) result = await run()
      if (result.how !== 'passed') return { result, isSeenNear }
      count += result.count
    }
    return { result: { how: 'passed', count }, isSeenNear: false }
  } finally {
    takeOut()
  }
}

/** `spec/link/` and the like, where the room has any. */
function nearFoldersOf(root: string, room: string): string[] {
  return specsOf(root, room).map((pattern) => pattern.slice(0, pattern.indexOf('*')))
}
