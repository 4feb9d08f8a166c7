// Hints between processes that share a libsql file: each looks now and then whether its log was written, which takes no statement.
import { stat } from 'node:fs/promises'
import { calendarNow, clearTimeout, setTimeout } from '../../../core/base/platform-timers.ts'
import type { StoreHints } from '../durable/store-hints.ts'

const lookEveryMs = 50
/** The time of a file may be that of an earlier write, too. */
const timeStepMs = 100

export class FileHints implements StoreHints {
  readonly #path: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #seen = ''
  #looking: Promise<void> | undefined
  #isClosed = false

  constructor(path: string) {
    this.#path = path
  }

  /** The others see the file. */
  async send(): Promise<void> {}

  listen(onHint: () => void): void {
    const look = async (): Promise<void> => {
      const found = await this.#state()
      if (this.#isClosed) return
      if (found !== this.#seen) onHint()
      this.#seen = found
      this.#timer = setTimeout(() => {
        this.#looking = look()
      }, lookEveryMs)
      this.#timer.unref?.()
    }
    this.#looking = look()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  async #state(): Promise<string> {
    try {
      const { ino, size, mtimeMs } = await stat(`${this.#path}-wal`)
      const isRecent = calendarNow() - mtimeMs < timeStepMs
      return `${ino} ${size} ${mtimeMs} ${isRecent ? calendarNow() : ''}`
    } catch {
      return ''
    }
  }
}
