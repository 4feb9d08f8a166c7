// What `isock bench` shows meanwhile: on a terminal a histogram that is drawn over and wiped at the end, elsewhere lines.
import { expect } from 'chai'
import { showProgress } from '../../lib/cli/bench-command.ts'
import { Load } from '../../lib/cli/load.ts'
import { progressBar, RedrawnBlock } from '../../lib/cli/redrawn-block.ts'
import { waitFor } from '../setup/wait-for.ts'

/** A terminal that obeys what is written to it, as far as that is used here. */
class Screen {
  readonly isTTY: boolean
  readonly columns = 60
  readonly rows = 16
  writes = 0
  written = ''
  lines = ['']
  #row = 0
  #column = 0

  constructor(isTTY = true) {
    this.isTTY = isTTY
  }

  readonly write = (text: string): boolean => {
    this.writes++
    this.written += text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is obeyed
    for (const [part] of text.matchAll(/\u001b\[\d*[AJ]|\r|\n|[^\u001b\r\n]+/g)) this.#obey(part)
    return true
  }

  #obey(part: string): void {
    const line = this.lines[this.#row] ?? ''
    if (part === '\r') this.#column = 0
    else if (part === '\n') {
      this.#row++
      this.#column = 0
      this.lines[this.#row] ??= ''
    } else if (part.endsWith('A') && part.startsWith('\u001b')) this.#row -= Number(part.slice(2, -1))
    else if (part === '\u001b[J') {
      this.lines.length = this.#row + 1
      this.lines[this.#row] = line.slice(0, this.#column)
    } else {
      this.lines[this.#row] = line.slice(0, this.#column) + part + line.slice(this.#column + part.length)
      this.#column += part.length
    }
    expect(this.#row).to.be.within(0, this.rows - 1)
    expect(this.#column).to.be.below(this.columns)
  }
}

describe('Lines that are drawn over', () => {
  it('replace those before, more or fewer, and leave nothing', () => {
    const screen = new Screen()
    screen.write('$ isock bench\n')
    const block = new RedrawnBlock(screen as never)
    for (const text of ['one\ntwo\nthree\n', 'four\n', 'five\nsix\n']) {
      block.draw(text)
      expect(screen.lines).to.deep.equal(['$ isock bench', ...text.trimEnd().split('\n')])
    }
    block.clear()
    expect(screen.lines).to.deep.equal(['$ isock bench', ''])
    block.clear()
    expect(screen.lines).to.deep.equal(['$ isock bench', ''])
  })

  it('are cut where the terminal ends', () => {
    const screen = new Screen()
    const block = new RedrawnBlock(screen as never)
    const long = Array.from({ length: 20 }, (_, i) => `${i} ${'x'.repeat(100)}`).join('\n')
    block.draw(long)
    block.draw(long)
    expect(screen.lines).to.have.length(15)
    expect(screen.lines[14]).to.have.length(59)
    block.clear()
    expect(screen.lines).to.deep.equal([''])
  })
})

describe('A progress bar', () => {
  it('is as full as the work is done', () => {
    expect(progressBar(0, 4, 8)).to.equal('░░░░░░░░  0 of 4')
    expect(progressBar(3, 4, 8)).to.equal('██████░░  3 of 4')
    expect(progressBar(4, 4, 8)).to.equal('████████  4 of 4')
    expect(progressBar(0, 0, 8)).to.equal('████████  0 of 0')
    expect(progressBar(9, 4, 8)).to.equal('████████  9 of 4')
  })
})

describe('The progress of isock bench', () => {
  /** A load whose calls have taken 1 to 20 ms. */
  const load = (): Load => {
    const made = new Load({ places: [], calls: 0, durationMs: undefined, rate: undefined })
    for (const ms of [1, 5, 20]) made.latenciesUs.record(ms * 1_000)
    return made
  }

  it('is a histogram that moves on a terminal, at most five times a second, of which nothing is left', async () => {
    const screen = new Screen()
    const running = load()
    const startedAt = performance.now()
    const progress = showProgress(running, screen as never)
    await waitFor(() => screen.writes === 1, { timeoutMs: 10_000 })
    const bars = (): number => screen.lines.filter((line) => line.includes('█')).length
    expect(screen.lines[0]).to.match(/^\d+\.\d s {2}3 calls {2}.*p99/)
    expect(bars()).to.equal(3)
    running.latenciesUs.record(300_000)
    await waitFor(() => screen.writes >= 2, { timeoutMs: 10_000 })
    expect(bars()).to.equal(4)
    expect(screen.writes).to.be.at.most((performance.now() - startedAt) / 190)
    progress.end()
    expect(screen.lines).to.deep.equal([''])
  })

  it('is lines without escapes elsewhere', async () => {
    const file = new Screen(false)
    const progress = showProgress(load(), file as never)
    await waitFor(() => file.writes > 0, { timeoutMs: 10_000 })
    progress.end()
    expect(file.written).to.match(/^(\d+\.\d s {2}3 calls {2}.* 0 failed\n)+$/)
  })
})
