// What an account adds up, for whom, and how often it is told.
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { Held } from '../../lib/core/accounting/held.ts'
import type { Holder } from '../../lib/core/accounting/holders.ts'
import { Meter, unaccounted } from '../../lib/core/accounting/meter.ts'
import { addressKey } from '../../lib/core/accounting/owner.ts'

const kibibyte = 1024

function accountingOf(maxHeldBytes = Number.POSITIVE_INFINITY, shared: readonly string[] = []): Accounting {
  return new Accounting({ maxHeldBytes, isShared: (address) => shared.includes(address) })
}

function open(accounting: Accounting, address: string | undefined, identity?: string, bytes = 0): Account {
  return accounting.open({ owner: { address, identity }, bytes, shed: () => undefined })
}

describe('a meter', () => {
  it('tells of whole steps only, until it is settled', () => {
    const told: number[] = []
    const meter = new Meter({ onMeter: (_kind, byBytes) => void told.push(byBytes) }, Held.Answers)
    meter.change(kibibyte - 1)
    expect(told).to.deep.equal([])
    meter.change(1)
    expect(told).to.deep.equal([kibibyte])
    meter.change(-500)
    meter.settle()
    meter.settle()
    expect(told).to.deep.equal([kibibyte, -500])
    expect(meter.bytes).to.equal(kibibyte - 500)
  })

  it('tells that nothing is held when it is cleared', () => {
    let sum = 0
    const onMeter = (_kind: number, byBytes: number): void => {
      sum += byBytes
    }
    const meter = new Meter({ onMeter }, Held.Input)
    meter.set(5 * kibibyte)
    expect(sum).to.equal(5 * kibibyte)
    meter.set(5 * kibibyte + 10)
    meter.clear()
    expect([sum, meter.bytes]).to.deep.equal([0, 0])
  })

  it('of nobody counts all the same', () => {
    const meter = unaccounted.meter(Held.Input)
    meter.change(3 * kibibyte)
    expect(meter.bytes).to.equal(3 * kibibyte)
  })
})

describe('an address in the accounts', () => {
  const keys: Record<string, string> = {
    '192.0.2.7': '192.0.2.7',
    '::ffff:192.0.2.7': '192.0.2.7',
    '::FFFF:192.0.2.7': '192.0.2.7',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:0DB8:0001:0002::9': '2001:db8:1:2::/64',
    '2001:db8::1': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
    '1:2:3:4:5:6:7::': '1:2:3:4::/64',
  }
  for (const [address, key] of Object.entries(keys)) {
    it(`${address} counts as ${key}`, () => expect(addressKey(address)).to.equal(key))
  }

  it('is of this machine where there is none', () => expect(addressKey(undefined)).to.equal('local'))
})

describe('an account', () => {
  it('counts for its address, its identity and its server, by kind', () => {
    const accounting = accountingOf()
    const ann = open(accounting, '192.0.2.7', 'ann', 100)
    ann.meter(Held.Answers).change(5 * kibibyte)
    const other = open(accounting, '192.0.2.7', undefined, 50)
    other.meter(Held.Input).change(2 * kibibyte)
    open(accounting, '198.51.100.2', 'ann', 10)
    expect(ann.part.address.bytes).to.equal(7 * kibibyte + 150)
    expect(ann.part.identity?.bytes).to.equal(5 * kibibyte + 110)
    const { heldBytes, held, addresses, identities, largest } = accounting.usage()
    expect(heldBytes).to.equal(7 * kibibyte + 160)
    expect(held).to.include({ answers: 5 * kibibyte, input: 2 * kibibyte, places: 160, calls: 0 })
    expect({ addresses, identities }).to.deep.equal({ addresses: 2, identities: 1 })
    expect(largest[0]).to.deep.equal({ holder: '192.0.2.7', bytes: 7 * kibibyte + 150 })
  })

  it('is exact when nobody uses it', () => {
    const accounting = accountingOf()
    const account = open(accounting, '192.0.2.7')
    account.meter(Held.Answers).change(kibibyte - 1)
    expect(accounting.heldBytes).to.equal(0)
    account.rest()
    expect(accounting.heldBytes).to.equal(kibibyte - 1)
  })

  it('leaves nothing behind when it is closed, and counts nothing afterwards', () => {
    const accounting = accountingOf()
    const account = open(accounting, '192.0.2.7', 'ann', 100)
    const meter = account.meter(Held.Answers)
    meter.change(5 * kibibyte)
    account.close()
    meter.change(9 * kibibyte)
    account.rest()
    account.close()
    const { heldBytes, held, addresses, identities } = accounting.usage()
    expect({ heldBytes, addresses, identities }).to.deep.equal({ heldBytes: 0, addresses: 0, identities: 0 })
    expect(Object.values(held).every((bytes) => bytes === 0)).to.equal(true)
  })

  it('takes what it holds along to another address', () => {
    const accounting = accountingOf()
    const account = open(accounting, '192.0.2.7', 'ann', 100)
    account.meter(Held.Answers).change(5 * kibibyte)
    account.rest()
    account.moveTo({ address: '198.51.100.2', identity: 'ann' })
    const { addresses, largest } = accounting.usage()
    expect(addresses).to.equal(1)
    expect(largest.map(({ holder }) => holder)).to.have.members(['198.51.100.2', 'ann'])
    expect(account.part.address.bytes).to.equal(5 * kibibyte + 100)
    expect([...account.part.idle]).to.deep.equal([account])
  })

  it('at a shared address is told apart by identity, else stands for itself', () => {
    const accounting = accountingOf(undefined, ['192.0.2.7'])
    const [ann, alsoAnn] = [open(accounting, '192.0.2.7', 'ann'), open(accounting, '192.0.2.7', 'ann')]
    const [one, other] = [open(accounting, '192.0.2.7'), open(accounting, '192.0.2.7')]
    expect(ann.part).to.equal(alsoAnn.part)
    expect(new Set([ann.part, one.part, other.part]).size).to.equal(3)
  })

  it('leaves an address known as long as calls of it run, and no longer', () => {
    const accounting = accountingOf()
    const { address } = open(accounting, '192.0.2.7').part
    address.running = 1
    for (const account of accountsOf(address)) account.close()
    expect(open(accounting, '192.0.2.7', 'ann').part.address).to.equal(address)
    for (const account of accountsOf(address)) account.close()
    expect(accounting.usage().addresses).to.equal(1)
    address.running = 0
    accounting.callsEnded(address)
    expect(accounting.usage().addresses).to.equal(0)
  })
})

function accountsOf(address: Holder): Account[] {
  return [...address.parts].flatMap((part) => [...part.inUse] as Account[])
}
