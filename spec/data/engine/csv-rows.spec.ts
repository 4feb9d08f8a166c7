// Rows of CSV that comes in pieces: what a cell is, and which rows are refused.
import { expect } from 'chai'
import { InvalidDataError } from 'isock/data'
import { csvRows, type ReadCell } from '../../../lib/features/data/engine/csv-rows.ts'
import { failureOf, itemsOf } from '../../setup/world.ts'

const broken = (what: string, row?: number): InvalidDataError => new InvalidDataError(what, { row })

async function* pieces(text: string, length: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

const rowsOf = (text: string, length = 3, maxLength?: number): Promise<ReadCell[][]> =>
  itemsOf(csvRows(pieces(text, length), broken, maxLength))

describe('The rows of a CSV file', () => {
  it('are texts, the header first, in whatever pieces they come', async () => {
    for (const length of [1, 2, 100])
      expect(await rowsOf('a,b\n1,"x, ""y""\nz"\nü,\n', length)).to.deep.equal([
        ['a', 'b'],
        ['1', 'x, "y"\nz'],
        ['ü', null],
      ])
  })

  it('tell an empty cell from an empty text', async () => {
    expect(await rowsOf('a,b,c\n,"", \n')).to.deep.equal([
      ['a', 'b', 'c'],
      [null, '', ' '],
    ])
  })

  it('begin after a mark of the encoding, and leave empty lines out', async () => {
    expect(await rowsOf('\uFEFFa,b\n\n1,2\n\n')).to.deep.equal([
      ['a', 'b'],
      ['1', '2'],
    ])
  })

  it('are none in an empty file', async () => {
    expect(await rowsOf('')).to.deep.equal([])
  })

  it('are refused where they have another number of cells than the header', async () => {
    const error = await failureOf(rowsOf('a,b\n1,2\n3\n'))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.match(/^row 2: Invalid Record Length/)
    expect(error).to.have.property('row', 2)
  })

  it('are refused where a quote is not closed', async () => {
    const error = await failureOf(rowsOf('a,b\n1,"y\n'))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.match(/^row 1: Quote Not Closed/)
  })

  it('are refused where a quote stands within a cell', async () => {
    const error = await failureOf(rowsOf('a,b\n1,x"y"\n'))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.match(/^row 1: Invalid Opening Quote/)
  })

  it('are refused where they are longer than a text may be', async () => {
    expect(await rowsOf('a,b\n12,34\n', 3, 6)).to.have.length(2)
    const error = await failureOf(rowsOf(`a,b\n${'x'.repeat(50)},2\n`, 3, 6))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.match(/^row 1: Max Record Size/)
  })

  it('let the caller stop early, and read no more then', async () => {
    let isOver = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from('a,b\n')
      } finally {
        isOver = true
      }
    }
    for await (const row of csvRows(endless(), broken)) {
      expect(row).to.deep.equal(['a', 'b'])
      break
    }
    expect(isOver).to.equal(true)
  })
})
