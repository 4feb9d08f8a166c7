// The escapes with which lines are drawn over, and what is cut off.
import { expect } from 'chai'
import { progressBar, RedrawnBlock } from '../../lib/cli/redrawn-block.ts'

class Terminal {
  readonly written: string[] = []
  readonly columns?: number
  readonly rows?: number

  constructor(size: { columns?: number; rows?: number } = {}) {
    Object.assign(this, size)
  }

  readonly write = (text: string): boolean => {
    this.written.push(text)
    return true
  }
}

/** What is drawn in a terminal of this size. */
function drawn(text: string, size: { columns?: number; rows?: number }): string {
  const terminal = new Terminal(size)
  new RedrawnBlock(terminal).draw(text)
  return terminal.written.join('')
}

const wipe = '\u001b[J'

describe('A block of lines', () => {
  it('is drawn over from its first line, and nothing is written for one that is not there', () => {
    const terminal = new Terminal({ columns: 20, rows: 10 })
    const block = new RedrawnBlock(terminal)
    block.clear()
    block.draw('a\nb\nc\n')
    block.draw('d\ne')
    block.draw('f')
    block.clear()
    block.clear()
    block.draw('g')
    block.draw('h')
    expect(terminal.written).to.deep.equal([
      `\r${wipe}a\nb\nc`,
      `\r\u001b[2A${wipe}d\ne`,
      `\r\u001b[1A${wipe}f`,
      `\r${wipe}`,
      `\r${wipe}g`,
      `\r${wipe}h`,
    ])
  })

  it('is cleared from its first line', () => {
    const terminal = new Terminal()
    const block = new RedrawnBlock(terminal)
    block.draw('a\nb')
    block.clear()
    expect(terminal.written).to.deep.equal([`\r${wipe}a\nb`, `\r\u001b[1A${wipe}`])
  })

  it('leaves a column and a row of the terminal free', () => {
    expect(drawn('abcd\nefgh\nijkl', { columns: 4, rows: 3 })).to.equal(`\r${wipe}abc\nefg`)
  })

  it('has a character at least, in the smallest terminal', () => {
    for (const size of [0, 1, 2])
      expect(drawn('ab\ncd', { columns: size, rows: size }), String(size)).to.equal(`\r${wipe}a`)
  })

  it('fits 80 columns and 24 rows where the terminal does not say', () => {
    const text = Array.from({ length: 30 }, () => 'x'.repeat(100)).join('\n')
    const lines = drawn(text, {}).slice(`\r${wipe}`.length).split('\n')
    expect(lines).to.deep.equal(Array.from({ length: 23 }, () => 'x'.repeat(79)))
  })
})

describe('A bar of progress', () => {
  it('has 30 blocks, and fills one when it is done', () => {
    expect(progressBar(1, 2)).to.equal(`${'█'.repeat(15)}${'░'.repeat(15)}  1 of 2`)
    expect(progressBar(59, 60)).to.equal(`${'█'.repeat(29)}░  59 of 60`)
    expect(progressBar(60, 60)).to.equal(`${'█'.repeat(30)}  60 of 60`)
    expect(progressBar(1, 31)).to.equal(`${'░'.repeat(30)}  1 of 31`)
  })

  it('is full where there is nothing to do, and empty where one of one is not done', () => {
    expect(progressBar(0, 0, 2)).to.equal('██  0 of 0')
    expect(progressBar(0, 1, 2)).to.equal('░░  0 of 1')
  })
})
