// The log of a daemon: lines into a file that is rotated by size. A full disk costs lines, never the daemon.
import { closeSync, createWriteStream, mkdirSync, openSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Writable } from 'node:stream'
import type { createStream } from 'rotating-file-stream'
import { ClientError } from '../core/base/errors.ts'
import { withPackages } from '../core/base/optional-packages.ts'
import { monotonicNow } from '../core/base/platform-timers.ts'
import { printableJson } from '../core/base/terminal-text.ts'

type CreateStream = typeof createStream

export interface LogFileOptions {
  readonly path: string
  readonly maxBytes: number
  /** Rotated ones that are kept, as path.1 (the latest) and so on. */
  readonly files: number
}

/** Lines that wait for the disk; above it they are lost, and counted. */
const maxWaitingBytes = 1024 * 1024
/** After a fault the file is opened again, but not with every line. */
const reopenAfterMs = 1_000

export class LogFile {
  readonly #options: LogFileOptions
  readonly #create: CreateStream
  #stream: Writable | undefined
  #lostLines = 0
  #failedAtMs = Number.NEGATIVE_INFINITY

  /** Nothing is written yet. Rejects with ClientError (`MISSING_PACKAGE`). */
  static async open(options: LogFileOptions): Promise<LogFile> {
    const packages = ['rotating-file-stream']
    const { createStream } = await withPackages('a log file', packages, () => import('rotating-file-stream'))
    return new LogFile(options, createStream)
  }

  private constructor(options: LogFileOptions, create: CreateStream) {
    this.#options = options
    this.#create = create
  }

  /** Never throws. The line ends with its line feed. */
  write(line: string): void {
    const stream = this.#open()
    if (stream === undefined || stream.writableLength > maxWaitingBytes) {
      this.#lostLines++
      return
    }
    if (this.#lostLines > 0) {
      const count = this.#lostLines
      this.#lostLines = 0
      const time = new Date().toISOString()
      stream.write(`${JSON.stringify({ level: 'warn', time, lostLines: count, msg: 'lines of this log were lost' })}\n`)
    }
    // JSON escapes most control characters; terminals heed some of those that it leaves.
    stream.write(printableJson(line))
  }

  /** The next line goes to a file that is opened by its name: the former one was moved away, as logrotate does. */
  reopen(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.end()
  }

  /** Settles when what was written is on the disk, or cannot be. */
  close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    // Who writes afterwards is too late.
    this.#failedAtMs = Number.POSITIVE_INFINITY
    if (stream === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      stream.once('error', () => resolve()).once('close', () => resolve())
      stream.end(() => resolve())
    })
  }

  #open(): Writable | undefined {
    if (this.#stream !== undefined) return this.#stream
    if (monotonicNow() - this.#failedAtMs < reopenAfterMs) return undefined
    try {
      this.#stream = openLog(this.#options, this.#create)
    } catch {
      this.#failedAtMs = monotonicNow()
      return undefined
    }
    const stream = this.#stream
    stream.on('error', () => this.#onFault(stream))
    return stream
  }

  #onFault(stream: Writable): void {
    this.#failedAtMs = Math.max(this.#failedAtMs, monotonicNow())
    if (this.#stream !== stream) return
    this.#stream = undefined
    this.#lostLines++
    stream.destroy()
  }
}

/**
 * Tries to open a log that somebody has named, before a daemon runs without one. Its directory is made.
 *
 * @throws ClientError (`INVALID_OPTION`) where nothing can be written there; a full disk is no reason.
 */
export function requireLogFile(path: string): void {
  // What a pipe says is for its reader, and without one it would be waited for.
  if (!isFileOrMissing(path) && !statSync(path).isDirectory()) return
  try {
    mkdirSync(dirname(path), { recursive: true })
    closeSync(openSync(path, 'a', 0o600))
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') return
    throw new ClientError(`option logFile: cannot write to ${path}: ${message}`, { code: 'INVALID_OPTION', cause })
  }
}

function openLog({ path, maxBytes, files }: LogFileOptions, create: CreateStream): Writable {
  const options = { mode: 0o600 }
  if (!isFileOrMissing(path)) return createWriteStream(path, { ...options, flags: 'a' })
  // With `rotate` it is asked with the index alone; none means the file that is written.
  const name = (index: unknown): string => (index ? `${basename(path)}.${index}` : basename(path))
  return create(name, {
    ...options,
    path: dirname(path),
    size: `${Math.max(1, Math.ceil(maxBytes))}B`,
    rotate: files,
  })
}

/** A device or a pipe is not to be renamed. */
function isFileOrMissing(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return true
  }
}
