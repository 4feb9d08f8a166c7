// The judge of load/kills: each way to break a promise is seen, and nothing else.
import { expect } from 'chai'
import { accounts, lists, type Outcome, opening } from '../../load/kills/contracts.ts'
import { type Breaches, type Evidence, judge } from '../../load/kills/judge.ts'

/** One transfer, one place of a list and one effect, each answered with what it wrote. */
function clean(): { -readonly [K in keyof Evidence]: Evidence[K][number][] } {
  const [payer = '', payee = ''] = accounts
  const [list = ''] = lists
  const outcomes: Outcome[] = [
    { id: 'a', kind: 'transfer', word: 'ok', receipt: { token: 'of a', value: opening - 5 } },
    { id: 'b', kind: 'append', word: 'ok', receipt: { token: 'of b', value: 1 } },
    { id: 'c', kind: 'effect', word: 'ok', receipt: { token: 'of c', value: 0 } },
    { id: 'd', kind: 'effect', word: 'unknown', error: 'cut in the middle' },
    { id: 'e', kind: 'append', word: 'unknown', error: 'its session is lost', isFirst: true },
  ]
  return {
    outcomes,
    balances: accounts.map((name) => ({
      name,
      balance: opening - (name === payer ? 5 : 0) + (name === payee ? 5 : 0),
    })),
    sizes: lists.map((name) => ({ name, size: name === list ? 1 : 0 })),
    entries: [{ call: 'a', token: 'of a', value: opening - 5, payer, payee, amount: 5 }],
    items: [{ call: 'b', token: 'of b', value: 1, list }],
    effects: [{ call: 'c', token: 'of c' }],
  }
}

describe('The judge of killed servers', () => {
  const seen = (change: (evidence: ReturnType<typeof clean>) => void): Partial<Breaches> => {
    const evidence = clean()
    change(evidence)
    const { breaches, examples } = judge(evidence as Evidence, true)
    const found = Object.entries(breaches).filter(([, count]) => count > 0)
    expect(examples.length).to.equal(found.reduce((sum, [, count]) => sum + count, 0))
    return Object.fromEntries(found)
  }

  const outcome = (id: string, more: Partial<Outcome>): Outcome => ({ id, kind: 'transfer', word: 'ok', ...more })

  it('sees nothing where all is as it was answered', () => {
    expect(seen(() => undefined)).to.deep.equal({})
  })

  const cases: readonly [what: string, change: Parameters<typeof seen>[0], breaches: Partial<Breaches>][] = [
    ['money that is gone', ({ balances }) => void balances.splice(0, 1, { name: 'ann', balance: 1 }), { sums: 2 }],
    ['an effect that happened twice', ({ effects }) => void effects.push({ call: 'c', token: 'x' }), { doubles: 1 }],
    ['an answer without an effect', ({ effects }) => void effects.pop(), { lost: 1 }],
    [
      'another answer than what was written',
      ({ outcomes }) =>
        void outcomes.push(outcome('b', { kind: 'append', receipt: { token: 'of b', value: 2 }, isKeyed: true })),
      { wrong: 1 },
    ],
    [
      'two answers of one key',
      ({ outcomes }) =>
        void outcomes.push(outcome('c', { kind: 'effect', receipt: { token: 'x', value: 0 }, isKeyed: true })),
      { wrong: 1 },
    ],
    [
      'an effect of a call that was said to be undone',
      ({ outcomes }) => void outcomes.splice(0, 1, outcome('a', { word: 'refused', error: 'too little' })),
      { untrue: 1 },
    ],
    [
      'an effect of the first call of a lost session',
      ({ outcomes }) => void outcomes.splice(0, 1, outcome('a', { word: 'unknown', isFirst: true })),
      { untrue: 1 },
    ],
    ['an unknown outcome', ({ outcomes }) => void outcomes.push(outcome('f', { word: 'unknown' })), { unknown: 1 }],
    [
      'an unknown outcome of a key',
      ({ outcomes }) => void outcomes.push(outcome('f', { word: 'unknown', isKeyed: true })),
      { unknown: 1 },
    ],
    ['any other error', ({ outcomes }) => void outcomes.push(outcome('f', { word: 'other' })), { unexpected: 1 }],
    ['an effect of no call', ({ effects }) => void effects.push({ call: 'g', token: 'x' }), { unexpected: 1 }],
    ['a list with a gap', ({ items }) => void items.pop(), { gaps: 1, lost: 1 }],
  ]
  for (const [what, change, breaches] of cases)
    it(`sees ${what}`, () => {
      expect(seen(change)).to.deep.equal(breaches)
    })

  it('allows that a key is answered after a store that was away', () => {
    const away: Outcome = { id: 'c', kind: 'effect', word: 'not kept', isKeyed: true }
    expect(seen(({ outcomes }) => void outcomes.unshift(away))).to.deep.equal({})
  })
})
