// Lines of a terminal that are drawn over again and again, such as a histogram while it grows. The cursor stays at the end of the
// last one. Nothing is left of them when they are cleared.
import type { WriteStream } from 'node:tty'

const defaultColumns = 80
const defaultRows = 24

/** The part of a terminal's stream that it needs. */
export type Terminal = Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'columns' | 'rows'>>

export class RedrawnBlock {
  readonly #terminal: Terminal
  /** Lines that are on the screen. */
  #drawn = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Replaces what was drawn before. What does not fit the terminal is cut off, because a line that wraps could not be drawn over. */
  draw(text: string): void {
    const { columns = defaultColumns, rows = defaultRows } = this.#terminal
    const lines = text
      .trimEnd()
      .split('\n')
      .slice(0, Math.max(1, rows - 1))
      .map((line) => line.slice(0, Math.max(1, columns - 1)))
    this.#terminal.write(`${this.#toStart()}\u001b[J${lines.join('\n')}`)
    this.#drawn = lines.length
  }

  clear(): void {
    if (this.#drawn > 0) this.#terminal.write(`${this.#toStart()}\u001b[J`)
    this.#drawn = 0
  }

  #toStart(): string {
    return this.#drawn > 1 ? `\r\u001b[${this.#drawn - 1}A` : '\r'
  }
}

/** As in `██████░░░░  60 of 100`. */
export function progressBar(done: number, total: number, width = 30): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.floor(share * width)
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}  ${done} of ${total}`
}
