// How much is done within a turn, by how long turns take.
import { expect } from 'chai'
import { TurnBudget } from '../../lib/core/base/turn-budget.ts'

describe('TurnBudget', () => {
  let nowMs: number
  let budget: TurnBudget

  beforeEach(() => {
    nowMs = 1_000
    budget = new TurnBudget({ now: () => nowMs }, { most: 64, least: 4 })
  })

  function turns(count: number, eachMs: number): void {
    for (let i = 0; i < count; i++) {
      nowMs += eachMs
      budget.begin()
    }
  }

  it('is the most at first, and while turns are short', () => {
    expect(budget.amount).to.equal(64)
    turns(10, 20)
    expect(budget.amount).to.equal(64)
  })

  it('is halved with each long turn, down to the least', () => {
    budget.begin()
    turns(1, 21)
    expect(budget.amount).to.equal(32)
    turns(10, 21)
    expect(budget.amount).to.equal(4)
  })

  it('grows by a quarter with each short one', () => {
    budget.begin()
    turns(4, 21)
    turns(1, 20)
    expect(budget.amount).to.equal(5)
    turns(20, 1)
    expect(budget.amount).to.equal(64)
  })

  it('does not count the time in which nothing waits', () => {
    budget.begin()
    budget.rest()
    turns(1, 5_000)
    expect(budget.amount).to.equal(64)
    turns(1, 21)
    expect(budget.amount).to.equal(32)
  })
})
