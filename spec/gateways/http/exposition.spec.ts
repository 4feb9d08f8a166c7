// How metrics are written for a scraper.
import { expect } from 'chai'
import { exposition, expositionType, gauge } from '../../../lib/gateways/http/exposition.ts'

const sampleLine = (labels: Record<string, string> | undefined, value: number) =>
  exposition([{ name: 'a', type: 'counter', help: 'A.', samples: [{ ...(labels && { labels }), value }] }]).split(
    '\n',
  )[2]

describe('The text of metrics', () => {
  it('has its type', () => {
    expect(expositionType).to.equal('text/plain; version=0.0.4; charset=utf-8')
  })

  it('has one family after the other, and none without samples', () => {
    expect(exposition([])).to.equal('')
    expect(
      exposition([
        gauge('a', 'A.', 1),
        { name: 'none', type: 'counter', help: 'None.', samples: [] },
        { name: 'b', type: 'histogram', help: 'B.', samples: [{ suffix: '_sum', value: 2 }, { value: 3 }] },
      ]),
    ).to.equal('# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b histogram\nb_sum 2\nb 3\n')
  })

  it('has a gauge as one sample', () => {
    expect(gauge('a', 'A.', 0)).to.deep.equal({ name: 'a', type: 'gauge', help: 'A.', samples: [{ value: 0 }] })
  })

  it('has labels only where there are some', () => {
    expect(sampleLine(undefined, 1)).to.equal('a 1')
    expect(sampleLine({}, 1)).to.equal('a 1')
    expect(sampleLine({ x: '1' }, 1)).to.equal('a{x="1"} 1')
    expect(sampleLine({ x: '1', y: '2' }, 1)).to.equal('a{x="1",y="2"} 1')
  })

  it('escapes every special character of a label', () => {
    expect(sampleLine({ x: '\\a\\' }, 1)).to.equal('a{x="\\\\a\\\\"} 1')
    expect(sampleLine({ x: '"a"' }, 1)).to.equal('a{x="\\"a\\""} 1')
    expect(sampleLine({ x: '\na\n' }, 1)).to.equal('a{x="\\na\\n"} 1')
  })

  it('escapes every special character of a help, but no quotes', () => {
    expect(exposition([gauge('a', '\\b\\ \nc\n "d"', 1)])).to.equal(
      '# HELP a \\\\b\\\\ \\nc\\n "d"\n# TYPE a gauge\na 1\n',
    )
  })

  it('writes numbers as scrapers read them', () => {
    expect(
      [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) =>
        sampleLine(undefined, value),
      ),
    ).to.deep.equal(['a 0', 'a -1', 'a 1.5', 'a NaN', 'a +Inf', 'a -Inf'])
  })
})
