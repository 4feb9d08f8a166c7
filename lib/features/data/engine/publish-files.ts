// Moves the files of a save to their places: all of them, even if the process ends in between. The moves are written
// down first, and the next load completes them.
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { calendarNow } from '../../../core/base/platform-timers.ts'

/** A file and its place. */
export interface WaitingFile {
  /** Names within the directory. */
  readonly temporaryName: string
  readonly name: string
}

const listName = 'isock-save.json'
const waitingName = /^\w+\.(json|csv)\.[0-9a-f]{12}\.tmp$/
const staleAfterMs = 3_600_000

/** Calls `onCommitted` when the save is certain to become complete. */
export async function publishFiles(
  directory: string,
  files: readonly WaitingFile[],
  onCommitted: () => void,
): Promise<void> {
  const list = await open(join(directory, listName), 'w', 0o600)
  try {
    await list.writeFile(JSON.stringify(files.map(({ temporaryName }) => temporaryName)))
    await list.sync()
  } finally {
    await list.close()
  }
  onCommitted()
  for (const { temporaryName } of files) await move(directory, temporaryName)
  await rm(join(directory, listName), { force: true })
  await removeStale(directory)
}

/** Completes a save whose process ended while it moved its files. */
export async function finishPublishing(directory: string): Promise<void> {
  const path = join(directory, listName)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (text === undefined) return
  for (const name of namesIn(text)) await move(directory, name)
  await rm(path, { force: true })
}

/** Empty for an incomplete list, because nothing was moved then. Only names that a save creates: no other files are touched. */
function namesIn(text: string): string[] {
  try {
    const names: unknown = JSON.parse(text)
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string' && waitingName.test(name)) : []
  } catch {
    return []
  }
}

async function move(directory: string, temporaryName: string): Promise<void> {
  const name = temporaryName.replace(/\.[0-9a-f]{12}\.tmp$/, '')
  try {
    await rename(join(directory, temporaryName), join(directory, name))
  } catch (error) {
    // It has already been moved.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Removes files of processes that ended while writing. */
async function removeStale(directory: string): Promise<void> {
  for (const name of (await readdir(directory)).filter((each) => waitingName.test(each))) {
    const path = join(directory, name)
    const writtenAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    )
    if (calendarNow() - writtenAt > staleAfterMs) await rm(path, { force: true })
  }
}
