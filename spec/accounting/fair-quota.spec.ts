// How an amount is shared of which only what is idle can be taken back.
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import type { FairQuota } from '../../lib/core/accounting/fair-quota.ts'

describe('A fair quota', () => {
  let accounting: Accounting
  let quota: FairQuota
  let shed: string[]

  beforeEach(() => {
    accounting = new Accounting({ maxHeldBytes: 2 ** 30, isShared: () => false })
    quota = accounting.quota(8, 'things')
    shed = []
  })

  function open(name: string, address: string, identity?: string): Account {
    return accounting.open({ owner: { address, identity }, bytes: 1, shed: () => shed.push(name) })
  }
  function taken(name: string, address: string, identity?: string): Account {
    const account = open(name, address, identity)
    expect(quota.take(account), name).to.equal(true)
    return account
  }
  const usage = (): unknown => accounting.usage().places['things']

  it('lets one address have three quarters, and leaves the rest to others', () => {
    for (let i = 0; i < 6; i++) taken(`a${i}`, '192.0.2.1')
    expect(quota.take(open('a6', '192.0.2.1'))).to.equal(false)
    taken('b0', '192.0.2.2')
    taken('b1', '192.0.2.2')
    expect(usage()).to.deep.equal({ taken: 8, max: 8 })
    expect(quota.take(open('c', '192.0.2.3'))).to.equal(false)
    expect(shed).to.deep.equal([])
  })

  it('counts an identity wherever it comes from', () => {
    for (let i = 0; i < 6; i++) taken(`a${i}`, `192.0.2.${i}`, 'ann')
    expect(quota.take(open('a6', '192.0.2.9', 'ann'))).to.equal(false)
    taken('b', '192.0.2.9', 'bob')
  })

  it('takes from what is idle of the address with most, the one first that was used least recently', () => {
    const small = taken('s', '192.0.2.9')
    small.rest()
    const [first, second, third] = [0, 1, 2, 3].map((i) => taken(`a${i}`, '192.0.2.1')) as [Account, Account, Account]
    for (const account of [second, third, first]) account.rest()
    taken('b', '192.0.2.2').rest()
    taken('c0', '192.0.2.3')
    taken('c1', '192.0.2.3')
    quota.refresh(first)
    taken('d0', '192.0.2.4')
    taken('d1', '192.0.2.4')
    expect(shed).to.deep.equal(['a1', 'a2'])
    expect(usage()).to.deep.equal({ taken: 8, max: 8 })
    expect(accounting.usage().shed).to.equal(2)
  })

  it('takes from nobody who has no more, and never from what is in use', () => {
    for (let i = 0; i < 8; i++) taken(`a${i}`, `192.0.2.${i}`)
    const one = open('b', '192.0.2.0')
    expect(quota.take(one)).to.equal(false)
    expect(quota.take(open('c', '192.0.2.99'))).to.equal(false)
    expect(shed).to.deep.equal([])
  })

  it('lets who has a fair share go on in place of what it has idle itself', () => {
    const accounts = [0, 1, 2, 3, 4, 5].map((i) => taken(`a${i}`, '192.0.2.1'))
    accounts[3]?.rest()
    taken('a6', '192.0.2.1')
    expect(shed).to.deep.equal(['a3'])
    expect(usage()).to.deep.equal({ taken: 6, max: 8 })
  })

  it('gives no more than there is to one, whatever others would have to lose', () => {
    const other = taken('a', '192.0.2.1')
    other.rest()
    expect(quota.take(open('b', '192.0.2.2'), 9)).to.equal(false)
    expect(quota.take(open('c', '192.0.2.2'), 8)).to.equal(true)
    expect(shed).to.deep.equal(['a'])
  })

  it('asks again for who turns out to be somebody with a fair share', () => {
    for (let i = 0; i < 6; i++) taken(`a${i}`, `192.0.2.${i}`, 'ann')
    const account = taken('b', '192.0.2.9')
    account.moveTo({ address: '192.0.2.9', identity: 'ann' })
    expect(quota.moved(account)).to.equal(false)
    const other = taken('c', '192.0.2.9')
    other.moveTo({ address: '192.0.2.9', identity: 'bob' })
    expect(quota.moved(other)).to.equal(true)
    expect(usage()).to.deep.equal({ taken: 7, max: 8 })
    quota.leave(other)
    quota.leave(other)
    expect(usage()).to.deep.equal({ taken: 6, max: 8 })
  })

  it('is shown under a name of its own, and no more when it is forgotten', () => {
    const second = accounting.quota(3, 'things')
    expect(accounting.usage().places).to.deep.equal({ things: { taken: 0, max: 8 }, things2: { taken: 0, max: 3 } })
    accounting.forget(quota)
    accounting.forget(second)
    expect(accounting.usage().places).to.deep.equal({})
  })
})
