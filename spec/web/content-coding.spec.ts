// Which codings of a file a request's Accept-Encoding asks for, by RFC 9110, 12.5.3.
import { expect } from 'chai'
import { wantedCodings } from '../../lib/features/web/content-coding.ts'

const wanted = (header?: string): string =>
  wantedCodings(header)
    .map(({ coding, suffix }) => coding + suffix)
    .join(' ')
const both = 'br.br gzip.gz'

describe('wantedCodings', () => {
  const cases: readonly (readonly [what: string, header: string | undefined, wanted: string])[] = [
    ['wants no coding without the header', undefined, ''],
    ['wants no coding where the header is empty', '', ''],
    ['wants what is named', 'gzip', 'gzip.gz'],
    ['wants the smaller one first of several that are worth the same', 'gzip, deflate, br', both],
    ['wants that first which is worth more', 'br;q=0.5, gzip;q=0.9', 'gzip.gz br.br'],
    ['wants that first which is worth more, whatever the order in the header', 'gzip;q=0.9, br;q=1', both],
    ['reads names in capital letters and with space around them', '  GZip ; Q=1 ', 'gzip.gz'],
    ['takes a coding without a weight for one that is worth 1', 'gzip, br;q=1', both],
    ['wants nothing that is worth 0', 'gzip;q=0, br', 'br.br'],
    ['takes * for what is not named', '*', both],
    ['takes * for the others only', '*;q=0.2, br;q=0', 'gzip.gz'],
    ['excludes all others by *;q=0', 'gzip, *;q=0', 'gzip.gz'],
    ['knows gzip as x-gzip too', 'x-gzip', 'gzip.gz'],
    ['prefers what is said of gzip to what is said of x-gzip', 'x-gzip, gzip;q=0', ''],
    ['knows no x-br', 'x-br', ''],
    ['lets x-gzip stand for gzip only', 'x-gzip;q=0.5, br;q=0.1', 'gzip.gz br.br'],
    ['wants no coding that is worth less than the plain file', 'identity, br;q=0.9', ''],
    ['wants a coding that is worth as much as the plain file', 'identity;q=0.9, br;q=0.9', 'br.br'],
    ['does not let * speak for the plain file', '*;q=1, gzip;q=0.1', both],
    ['reads weights of up to three digits', 'br;q=0.123, gzip;q=0.124', 'gzip.gz br.br'],
    ['ignores a weight of four digits', 'br;q=0.1234', ''],
    ['ignores a weight above 1', 'br;q=1.5, gzip;q=1.000', 'gzip.gz'],
    ['ignores a member with a parameter that is no weight', 'br;level=4, gzip', 'gzip.gz'],
    ['ignores a member with two parameters', 'br;q=1;q=1, gzip', 'gzip.gz'],
    ['ignores a member without a name', ';q=1, gzip', 'gzip.gz'],
    ['ignores a weight that is empty', 'br;, gzip', 'gzip.gz'],
    ['reads 32 members', `${'a,'.repeat(31)}br`, 'br.br'],
    ['reads no more than 32 members', `${'a,'.repeat(32)}br`, ''],
  ]
  for (const [what, header, expected] of cases)
    it(what, () => {
      expect(wanted(header)).to.equal(expected)
    })
})
