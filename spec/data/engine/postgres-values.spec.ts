// Times as PostgreSQL writes them, in the zones that a session can have.
import { expect } from 'chai'
import { isoTime } from '../../../lib/data/engine/postgres-values.ts'

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
  ] as const
  for (const [text, time] of times) {
    it(`${text} is ${time}`, () => {
      expect(isoTime(text)).to.equal(time)
    })
  }
})
