// A table of places that all share: who gets one when it is full, and whose it is.
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import type { FairPlaces } from '../../lib/core/accounting/fair-places.ts'

describe('places that are shared out fairly', () => {
  let accounting: Accounting
  let places: FairPlaces
  let shed: string[]

  beforeEach(() => {
    accounting = new Accounting({ maxHeldBytes: Number.POSITIVE_INFINITY, isShared: () => false })
    places = accounting.places('seats', 4)
    shed = []
  })

  function open(name: string, address: string, identity?: string): Account {
    return accounting.open({ owner: { address, identity }, bytes: 0, shed: () => void shed.push(name) })
  }

  function take(
    name: string,
    address: string,
    how: 'in use' | 'idle' = 'in use',
    identity?: string,
  ): Account | undefined {
    const account = open(name, address, identity)
    if (how === 'idle') account.rest()
    return places.take(account) ? account : undefined
  }

  it('are for everybody while there are some', () => {
    for (let i = 0; i < 4; i++) expect(take(`${i}`, '192.0.2.1')).to.not.equal(undefined)
    expect(accounting.usage().places).to.deep.equal({ seats: { taken: 4, max: 4 } })
    expect(shed).to.deep.equal([])
  })

  it('are taken from the address with most, the oldest first', () => {
    for (let i = 0; i < 4; i++) take(`${i}`, '192.0.2.1')
    expect(take('newcomer', '192.0.2.2')).to.not.equal(undefined)
    expect(take('second', '192.0.2.2')).to.not.equal(undefined)
    expect(take('third', '192.0.2.2')).to.equal(undefined)
    expect(shed).to.deep.equal(['0', '1'])
    expect(places.count).to.equal(4)
    expect(accounting.usage().shed).to.equal(2)
  })

  it('are taken from those who do not use them first', () => {
    for (let i = 0; i < 3; i++) take(`${i}`, '192.0.2.1')
    take('idle', '192.0.2.1', 'idle')
    take('newcomer', '192.0.2.2')
    expect(shed).to.deep.equal(['idle'])
  })

  it('are spared for one who is away while another address has more', () => {
    take('honest, away', '192.0.2.9', 'idle')
    for (let i = 0; i < 3; i++) take(`${i}`, '192.0.2.1')
    expect(take('newcomer', '192.0.2.2')).to.not.equal(undefined)
    expect(shed).to.deep.equal(['0'])
  })

  it('are refused to one who has as many as anybody, unless somebody does not use his', () => {
    for (let i = 1; i < 4; i++) take(`${i}`, `192.0.2.${i}`)
    take('idle', '192.0.2.4', 'idle')
    expect(take('newcomer', '192.0.2.5')).to.not.equal(undefined)
    expect(shed).to.deep.equal(['idle'])
    expect(take('newcomer', '192.0.2.6')).to.equal(undefined)
  })

  it('are not taken from those with less for one who has most, although they do not use theirs', () => {
    take('honest', '192.0.2.9', 'idle')
    for (let i = 0; i < 3; i++) take(`${i}`, '192.0.2.1')
    expect(take('more of it', '192.0.2.1')).to.equal(undefined)
    expect(shed).to.deep.equal([])
  })

  it('count for an identity over all of its addresses', () => {
    for (let i = 0; i < 3; i++) take(`hoard ${i}`, `192.0.2.${i}`, 'in use', 'mallory')
    take('honest', '192.0.2.9')
    expect(take('more of it', '192.0.2.5', 'in use', 'mallory')).to.equal(undefined)
    expect(take('newcomer', '192.0.2.6', 'in use', 'ann')).to.not.equal(undefined)
    expect(shed).to.deep.equal(['hoard 0'])
  })

  describe('of which the server itself has some', () => {
    const ofServer = (name: string, how: 'in use' | 'idle'): boolean => {
      const account = accounting.open({ owner: accounting.server, bytes: 0, shed: () => void shed.push(name) })
      if (how === 'idle') account.rest()
      return places.take(account)
    }

    it('are taken from clients before', () => {
      ofServer('own', 'idle')
      ofServer('own too', 'idle')
      for (let i = 0; i < 2; i++) take(`${i}`, '192.0.2.1')
      take('newcomer', '192.0.2.2')
      expect(shed).to.deep.equal(['0'])
    })

    it('are taken from clients that do not use them before', () => {
      ofServer('own', 'idle')
      ofServer('own too', 'idle')
      take('in use', '192.0.2.1')
      take('idle', '192.0.2.2', 'idle')
      take('newcomer', '192.0.2.3')
      expect(shed).to.deep.equal(['idle'])
    })

    it('are taken from the server where it does not use them, for one who has fewer', () => {
      for (let i = 0; i < 3; i++) ofServer(`own ${i}`, 'idle')
      take('client', '192.0.2.1')
      expect(take('newcomer', '192.0.2.1')).to.not.equal(undefined)
      expect(take('too much', '192.0.2.1')).to.equal(undefined)
      expect(take('newcomer', '192.0.2.2')).to.not.equal(undefined)
      expect(shed).to.deep.equal(['own 0', 'client'])
    })

    it('are never taken from the server in use, nor for the server itself', () => {
      for (let i = 0; i < 3; i++) ofServer(`own ${i}`, 'in use')
      ofServer('own, idle', 'idle')
      expect(ofServer('own, more', 'in use')).to.equal(false)
      expect(take('newcomer', '192.0.2.1')).to.not.equal(undefined)
      expect(take('another', '192.0.2.2')).to.equal(undefined)
      expect(shed).to.deep.equal(['own, idle'])
    })

    it('are taken for the server where a client does not use them', () => {
      for (let i = 0; i < 3; i++) ofServer(`own ${i}`, 'in use')
      take('idle', '192.0.2.1', 'idle')
      expect(ofServer('own, more', 'in use')).to.equal(true)
      expect(shed).to.deep.equal(['idle'])
    })
  })

  it('say whether they have one for somebody, and take nothing', () => {
    for (let i = 0; i < 3; i++) take(`${i}`, '192.0.2.1')
    expect(places.hasPlaceFor(open('any', '192.0.2.1'))).to.equal(true)
    take('3', '192.0.2.1')
    expect(places.hasPlaceFor(open('own', '192.0.2.1'))).to.equal(false)
    expect(places.hasPlaceFor(open('other', '192.0.2.2'))).to.equal(true)
    expect(shed).to.deep.equal([])
    expect(places.count).to.equal(4)
  })

  it('are not taken from one who is away by one who has more', () => {
    take('honest, away', '192.0.2.9', 'idle')
    for (let i = 0; i < 3; i++) take(`${i}`, '192.0.2.1')
    expect(take('more', '192.0.2.1')).to.equal(undefined)
    expect(shed).to.deep.equal([])
  })

  it('are free again when they are left', () => {
    const first = take('first', '192.0.2.1') as Account
    for (let i = 0; i < 3; i++) take(`${i}`, '192.0.2.1')
    places.leave(first)
    places.leave(first)
    expect(places.count).to.equal(3)
    expect(take('next', '192.0.2.1')).to.not.equal(undefined)
    expect(shed).to.deep.equal([])
  })

  it('move with an account that belongs to another address', () => {
    const accounts = [0, 1, 2, 3].map((i) => take(`${i}`, '192.0.2.1') as Account)
    for (const account of accounts.slice(0, 2)) {
      account.moveTo({ address: '192.0.2.2', identity: undefined })
      places.moved(account)
    }
    // Now nobody has more than one more than the newcomer would.
    take('newcomer', '192.0.2.3')
    expect(shed).to.have.length(1)
    const before = shed.length
    expect(take('newcomer', '192.0.2.4')).to.not.equal(undefined)
    expect(shed).to.have.length(before + 1)
    expect(take('newcomer', '192.0.2.5')).to.equal(undefined)
  })
})
