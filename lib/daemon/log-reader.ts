// Reads a daemon's log: its last lines and, on request, new ones, across rotations.
import { type FileHandle, open, stat } from 'node:fs/promises'
import { followSignal } from '../core/base/followed-signals.ts'
import type { OptionTable } from '../core/base/option-table.ts'
import { clearTimeout, setTimeout } from '../core/base/platform-timers.ts'

export interface LogOptions {
  /** Whether to continue with new lines until the signal aborts or the reader stops. Default false. */
  readonly follow?: boolean | undefined
  /** How many of the last lines to start with. Default 100. */
  readonly lines?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export const logOptions: OptionTable<LogOptions> = { follow: 'any', lines: 'any', signal: 'any' }

/** The size of a read, and of the end of the file that is searched for the last lines, in bytes. */
const maxChunkBytes = 256 * 1024
const maxTailBytes = 4 * 1024 * 1024
const pollMs = 100

/** Yields lines without line feeds. A missing file counts as empty. */
export async function* readLog(path: string, options: LogOptions = {}): AsyncGenerator<string, void, undefined> {
  const { follow = false, lines = 100, signal } = options
  let file = await openLog(path)
  try {
    let offset = 0
    const rest = new LineRest()
    if (file !== undefined) {
      const { size } = await file.stat()
      const tail = await readAt(file, Math.max(0, size - maxTailBytes), size)
      offset = size
      const last = rest.take(tail)
      for (const line of lines === 0 ? [] : last.slice(-lines)) yield line
    }
    while (follow && !signal?.aborted) {
      // Checked first, so that a rotated file is read to its end before the switch.
      const isRotated = file === undefined || (await isAnother(path, file))
      if (file !== undefined) {
        const { size } = await file.stat()
        if (size < offset) offset = 0
        while (offset < size && !signal?.aborted) {
          const end = Math.min(size, offset + maxChunkBytes)
          const bytes = await readAt(file, offset, end)
          if (bytes.length === 0) break
          offset += bytes.length
          for (const line of rest.take(bytes)) yield line
        }
      }
      const next = isRotated ? await openLog(path) : undefined
      if (next === undefined) await pause(signal)
      else {
        await file?.close()
        file = next
        offset = 0
      }
    }
    if (rest.text !== '') yield rest.text
  } finally {
    await file?.close()
  }
}

/** Keeps the text after the last line feed. */
class LineRest {
  text = ''
  readonly #decoder = new TextDecoder()

  take(bytes: Uint8Array): string[] {
    const lines = (this.text + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.text = lines.pop() ?? ''
    return lines
  }
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function readAt(file: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(to - from)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
  return bytes.subarray(0, bytesRead)
}

async function isAnother(path: string, file: FileHandle): Promise<boolean> {
  try {
    return (await stat(path)).ino !== (await file.stat()).ino
  } catch {
    return false
  }
}

/** Polls, because file system events differ between systems and may be missed. */
function pause(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      unfollow()
      resolve()
    }
    let unfollow = (): void => undefined
    const timer = setTimeout(finish, pollMs)
    unfollow = followSignal(signal, finish)
  })
}
