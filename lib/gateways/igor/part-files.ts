// The hidden files that uploads are written into: their names, and the removal of those whose process ended before it
// gave them theirs.
import { randomBytes } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { lstat, opendir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { calendarNow } from '../../core/base/platform-timers.ts'

export interface LeftParts {
  /** Absolute, links followed. */
  readonly root: string
  /** What was not written to for so long is no upload's any more, also of another process. */
  readonly staleAfterMs: number
  /** Ends the search. */
  readonly signal: AbortSignal
  readonly onRemoved: (file: string) => void
}

const pattern = /^\.[0-9a-f]{24}\.part$/

/** A name that nothing has. */
export function makePartName(): string {
  return `.${randomBytes(12).toString('hex')}.part`
}

/** Looks through everything below the root where uploads write: no links, nothing hidden. Never rejects. */
export async function removeLeftParts(parts: LeftParts): Promise<void> {
  const { root, staleAfterMs, signal, onRemoved } = parts
  for await (const entry of entriesOf(root)) {
    if (signal.aborted) return
    const path = join(root, entry.name)
    // One directory after the other: a tree may be wide, and what is held of it is a handle for each level.
    if (entry.isDirectory() && isPublic(entry.name)) await removeLeftParts({ ...parts, root: path })
    else if (entry.isFile() && pattern.test(entry.name) && (await removeIfOld(path, staleAfterMs))) onRemoved(path)
  }
}

/** As with the paths of uploads. */
function isPublic(name: string): boolean {
  return !name.startsWith('.') || name === '.well-known'
}

/** What cannot be read has nothing that we wrote. */
async function* entriesOf(directory: string): AsyncGenerator<Dirent> {
  try {
    // It closes itself, also when the reader breaks off.
    for await (const entry of await opendir(directory)) yield entry
  } catch {
    return
  }
}

/** False: it may be under way, or has gone by itself. */
async function removeIfOld(path: string, staleAfterMs: number): Promise<boolean> {
  try {
    const { mtimeMs } = await lstat(path)
    if (calendarNow() - mtimeMs <= staleAfterMs) return false
    await unlink(path)
    return true
  } catch {
    return false
  }
}
