// What an idle link takes of the server's memory: the growth by so many links, each with one call behind it.
import { Pair } from '../pair.ts'
import type { HeldMemory } from '../usage.ts'
import type { Subject } from './subject.ts'

/** Opened before the first measurement, so that what the server needs once is not counted. */
const warmUpLinks = 200
/** Descriptors that a process needs beside its links. */
const spareFiles = 100

/** Each sample has processes of its own: memory that was released does not come back to the system as it was. */
export async function openIdleLinks(n: number): Promise<Subject> {
  const most = openFilesLimit() - spareFiles - warmUpLinks
  if (n > most) throw new Error(`the limit on open files (ulimit -n) allows ${most} links`)
  return { sample: () => measureIdleLinks(n), close: async () => undefined }
}

async function measureIdleLinks(n: number): Promise<Record<string, number>> {
  const pair = await Pair.start({ module: 'isock-roomy', actions: 1, exposesGc: true })
  try {
    await pair.openLinks(warmUpLinks)
    const before = await pair.serverMemory()
    await pair.openLinks(warmUpLinks + n)
    return memoryOfEach(n, before, await pair.serverMemory())
  } finally {
    await pair.close()
  }
}

/** In KB, by the names of a curve's series. */
export function memoryOfEach(n: number, before: HeldMemory, after: HeldMemory): Record<string, number> {
  const kilobytes = (bytes: number): number => bytes / 1_024 / n
  return { heap: kilobytes(after.heap - before.heap), 'resident memory': kilobytes(after.resident - before.resident) }
}

/** Node raises the soft limit to the hard one by itself. */
function openFilesLimit(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }
  const limit = Number(report.userLimits?.open_files?.soft)
  return Number.isFinite(limit) ? limit : Number.POSITIVE_INFINITY
}
