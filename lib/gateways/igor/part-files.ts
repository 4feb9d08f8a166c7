// The hidden files that uploads are written to: their names, and the removal of those whose process ended before renaming
// them.
import { randomBytes } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { lstat, opendir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { calendarNow } from '../../core/base/platform-timers.ts'

export interface LeftParts {
  /** Absolute, with links followed. */
  readonly root: string
  /** A file that was not written for this long belongs to no running upload, not even of another process. */
  readonly staleAfterMs: number
  /** Stops the search. */
  readonly signal: AbortSignal
  readonly onRemoved: (file: string) => void
}

const pattern = /^\.[0-9a-f]{24}\.part$/

/** A unique name. */
export function makePartName(): string {
  return `.${randomBytes(12).toString('hex')}.part`
}

/** Searches everything below the root to which uploads can write: no links, nothing hidden. Never rejects. */
export async function removeLeftParts(parts: LeftParts): Promise<void> {
  const { root, staleAfterMs, signal, onRemoved } = parts
  for await (const entry of entriesOf(root)) {
    if (signal.aborted) return
    const path = join(root, entry.name)
    // One directory after the other: a tree may be wide, and this holds only one handle per level.
    if (entry.isDirectory() && isPublic(entry.name)) await removeLeftParts({ ...parts, root: path })
    else if (entry.isFile() && pattern.test(entry.name) && (await removeIfOld(path, staleAfterMs))) onRemoved(path)
  }
}

/** The same rule as for the paths of uploads. */
function isPublic(name: string): boolean {
  return !name.startsWith('.') || name === '.well-known'
}

/** A directory that cannot be read contains no file of ours. */
async function* entriesOf(directory: string): AsyncGenerator<Dirent> {
  try {
    // It closes itself, even if the reader stops early.
    for await (const entry of await opendir(directory)) yield entry
  } catch {
    return
  }
}

/** Returns false if an upload may still use the file, or it is already gone. */
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
