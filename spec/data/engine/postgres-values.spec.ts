// Times as PostgreSQL writes them, in the zones that a session can have.
import { expect } from 'chai'
import { readValues } from '../../../lib/features/data/engine/postgres-values.ts'
import { isoTime } from '../../../lib/features/data/kinds/postgres-time.ts'

describe("PostgreSQL's times", () => {
  const times = [
    ['2024-05-06 07:08:09.012+00', '2024-05-06T07:08:09.012Z'],
    ['2024-05-06 07:08:09+00', '2024-05-06T07:08:09.000Z'],
    ['2024-05-06 07:08:09.1+05:30', '2024-05-06T01:38:09.100Z'],
    ['2023-12-31 23:30:00-03', '2024-01-01T02:30:00.000Z'],
    ['1890-06-01 12:53:28.01+00:53:28', '1890-06-01T12:00:00.010Z'],
    ['0050-01-01 00:00:00+00', '0050-01-01T00:00:00.000Z'],
    ['0001-12-31 23:59:59-00:01:15 BC', '0001-01-01T00:01:14.000Z'],
    ['10000-01-01 00:59:59.999+01', '9999-12-31T23:59:59.999Z'],
    // A year of five digits, in the zone that is usual.
    ['12024-05-06 07:08:09.01+00', '+012024-05-06T07:08:09.010Z'],
    ['2024-05-06 07:08:09.1+00', '2024-05-06T07:08:09.100Z'],
    ['2024-05-06 07:08:09.999-00:30', '2024-05-06T07:38:09.999Z'],
    ['0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00.000Z'],
    ['infinity', 'infinity'],
  ] as const
  for (const [text, time] of times) {
    it(`${text} is ${time}`, () => {
      expect(isoTime(text)).to.equal(time)
    })
  }

  it('and its whole numbers are read so on each connection', () => {
    const parsers = new Map<number, (text: string) => unknown>()
    readValues({ setTypeParser: (type, parse) => void parsers.set(type, parse) })
    expect([...parsers.keys()]).to.deep.equal([20, 1184])
    expect(parsers.get(20)?.('9007199254740991')).to.equal(Number.MAX_SAFE_INTEGER)
    expect(parsers.get(1184)?.('2024-05-06 07:08:09+00')).to.equal('2024-05-06T07:08:09.000Z')
  })
})
