// Rows of JSON that comes in pieces.
import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidDataError } from 'isock/data'
import { jsonRows } from '../../../lib/features/data/engine/json-rows.ts'
import { failureOf } from '../../setup/world.ts'

const broken = (what: string, row?: number): InvalidDataError => new InvalidDataError(what, { row })

async function* pieces(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length)
}

async function rowsOf(text: string, length = 7, maxLength?: number): Promise<unknown[]> {
  const rows: unknown[] = []
  for await (const { value } of jsonRows(pieces(text, length), broken, maxLength)) rows.push(value)
  return rows
}

describe('The rows of a JSON file', () => {
  it('are those of its list, in whatever pieces and layout it comes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 5 }),
        fc.constantFrom(undefined, 1, '\t', '\r\n  '),
        fc.integer({ min: 1, max: 20 }),
        async (rows, indent, length) => {
          const text = JSON.stringify(rows, null, indent)
          expect(await rowsOf(text, length)).to.deep.equal(JSON.parse(text))
        },
      ),
    ))

  it('are none in an empty list', async () => {
    for (const text of ['[]', ' \n[ \r\n\t ]\n']) expect(await rowsOf(text, 1)).to.deep.equal([])
  })

  const faults: [string, string, number?][] = [
    ['', 'it is empty; expected a list of rows'],
    [' \n', 'it is empty; expected a list of rows'],
    ['{"a":1}', 'expected a list of rows'],
    ['null', 'expected a list of rows'],
    ['[', 'the list of rows does not end'],
    ['[{}, ', 'the list of rows does not end'],
    ['[{}] x', 'something follows the list of rows'],
    ['[{}]]', 'something follows the list of rows'],
    ['[,]', 'row 1 (line 1) is not JSON', 1],
    ['[1}2]', 'row 1 (line 1) is not JSON', 1],
    ['[{},\n{}}{}]', 'row 2 (line 2) is not JSON', 2],
    ['[{},]', 'row 2 (line 1) is not JSON', 2],
    ['[\n\n{},\n\n  {"a":}\n]', 'row 2 (line 5) is not JSON', 2],
    ['[{"a":\n1},\n{"a" 1}]', 'row 2 (line 3) is not JSON', 2],
    ['[{"a":[1}]', 'row 1 (line 1) is not JSON: the file ends within it', 1],
    ['[\n{"a":"secret},\n{"a":"x"}]', 'row 1 (line 2) is not JSON: a text is not closed on its line', 1],
    ['[\n{"a":1},\n{"a":"secret', 'row 2 (line 3) is not JSON: the file ends within it', 2],
    ['[\n{"a": secret}\n]', 'row 1 (line 2) is not JSON', 1],
  ]
  for (const [text, message, row] of faults) {
    it(`are refused with where the fault is: ${JSON.stringify(text)}`, async () => {
      for (const length of [1, 3, 1_000]) {
        const error = await failureOf(rowsOf(text, length))
        expect(error).to.be.instanceOf(InvalidDataError).and.to.include({ row })
        expect(error.message).to.include(message).and.to.not.include('secret')
      }
    })
  }

  it('are refused where one is too long, as soon as that shows', async () => {
    let read = 0
    async function* endless(): AsyncGenerator<string> {
      yield '[{"a":1},\n{"a":"'
      for (; read < 1_000; read++) yield 'xxxxxxxxxx'
    }
    const reading = (async () => {
      for await (const _ of jsonRows(endless(), broken, 100));
    })()
    expect((await failureOf(reading)).message).to.equal('row 2 (line 2) is too long: it has more than 100 characters')
    expect(read).to.be.lessThan(20)
  })
})
