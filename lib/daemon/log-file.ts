// The log of a daemon: a file of lines that is rotated by size. A full disk loses lines, but never stops the daemon.
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
  /** The number of rotated files to keep: path.1 (the latest), path.2 and so on. */
  readonly files: number
}

/** Bytes of lines waiting to be written. Beyond that, lines are dropped and counted. */
const maxWaitingBytes = 1024 * 1024
/** After an error the file is reopened, but not for every line. */
const reopenAfterMs = 1_000

export class LogFile {
  readonly #options: LogFileOptions
  readonly #create: CreateStream
  #stream: Writable | undefined
  #lostLines = 0
  #failedAtMs = Number.NEGATIVE_INFINITY

  /** Prepares the log, without writing to it. Rejects with ClientError (`MISSING_PACKAGE`). */
  static async open(options: LogFileOptions): Promise<LogFile> {
    const packages = ['rotating-file-stream']
    const { createStream } = await withPackages('a log file', packages, () => import('rotating-file-stream'))
    return new LogFile(options, createStream)
  }

  private constructor(options: LogFileOptions, create: CreateStream) {
    this.#options = options
    this.#create = create
  }

  /** Writes a line, which must end with a line feed. Never throws. */
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
      stream.write(
        `${JSON.stringify({ level: 'warn', time, lostLines: count, msg: 'lines of this log were dropped' })}\n`,
      )
    }
    // JSON does not escape all control characters that terminals interpret.
    stream.write(printableJson(line))
  }

  /** Opens the file again for the next line, because the former one was moved away, for example by logrotate. */
  reopen(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.end()
  }

  /** Settles when all lines have been written, or cannot be. */
  close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    // Later writes are dropped.
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
 * Checks that the log file of an option can be opened, before a daemon runs without one. Creates its directory.
 *
 * @throws ClientError (`INVALID_OPTION`) if it cannot be written; a full disk is tolerated.
 */
export function requireLogFile(path: string): void {
  // Opening a pipe without a reader would block.
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
  // With `rotate` it is called with the index only; without one, it names the current file.
  const name = (index: unknown): string => (index ? `${basename(path)}.${index}` : basename(path))
  return create(name, {
    ...options,
    path: dirname(path),
    size: `${Math.max(1, Math.ceil(maxBytes))}B`,
    rotate: files,
  })
}

/** A device or a pipe must not be rotated. */
function isFileOrMissing(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return true
  }
}
