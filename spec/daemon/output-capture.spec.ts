// What modules print, as lines of the log: each once, whole, and none without an end.
import { expect } from 'chai'
import { captureOutput } from '../../lib/daemon/output-capture.ts'
import type { Logger } from '../../lib/index.ts'

describe('The output of a daemon', () => {
  let lines: string[]
  const { stdout, stderr } = process
  const own = { stdout: stdout.write, stderr: stderr.write }

  const log: Logger = {
    debug: () => undefined,
    info: (fields, text) => void lines.push(`info ${JSON.stringify(fields)} ${text}`),
    warn: (fields, text) => void lines.push(`warn ${JSON.stringify(fields)} ${text}`),
    error: () => undefined,
  }

  /** With the streams of this process taken over; nothing is asserted before they are given back. */
  const captured = async (work: () => unknown): Promise<string[]> => {
    lines = []
    try {
      captureOutput(log)
      await work()
    } finally {
      Object.assign(stdout, { write: own.stdout })
      Object.assign(stderr, { write: own.stderr })
    }
    return lines
  }

  it('is a line of the log for each of its lines, from whichever of the two', async () => {
    const found = await captured(() => {
      stdout.write('one\ntwo\n\n')
      stderr.write('three\n')
    })
    expect(found).to.deep.equal([
      'info {"stream":"stdout"} one',
      'info {"stream":"stdout"} two',
      'warn {"stream":"stderr"} three',
    ])
  })

  it('is put together where a line comes in pieces, as text or as bytes', async () => {
    const found = await captured(() => {
      for (const piece of ['he', Buffer.from('ll'), 'o\nnext', '\n']) stdout.write(piece)
    })
    expect(found).to.deep.equal(['info {"stream":"stdout"} hello', 'info {"stream":"stdout"} next'])
  })

  it('is cut where a line does not end, and held no further', async () => {
    const most = 16 * 1024
    const found = await captured(() => {
      for (let piece = 0; piece < 10; piece++) stdout.write('x'.repeat(most))
      stdout.write('\n')
      stdout.write(`${'y'.repeat(most + 1)}\n`)
      stdout.write(`${'z'.repeat(most)}\n`)
    })
    expect(found.map((line) => line.slice('info {"stream":"stdout"} '.length))).to.deep.equal([
      'x'.repeat(most),
      'y'.repeat(most),
      'z'.repeat(most),
    ])
  })

  it('tells those who wait for it that it was written', async () => {
    let written = 0
    let returned: boolean | undefined
    const found = await captured(async () => {
      await new Promise<void>((resolve) => stdout.write('a\n', () => resolve()))
      written++
      await new Promise<void>((resolve) => stdout.write('b\n', 'utf8', () => resolve()))
      written++
      returned = stdout.write('c\n')
    })
    expect([written, returned, found.length]).to.deep.equal([2, true, 3])
  })
})
