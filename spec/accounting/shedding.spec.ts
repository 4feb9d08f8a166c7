// What has to go when a server holds too much, and what is spared.
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { Held } from '../../lib/core/accounting/held.ts'

const kibibyte = 1024
const maxHeldBytes = 1_000 * kibibyte

describe('a server that holds too much', () => {
  let accounting: Accounting
  let shed: string[]

  beforeEach(() => {
    accounting = new Accounting({ maxHeldBytes, isShared: () => false })
    shed = []
  })

  function open(name: string, address: string, identity?: string): Account {
    const account = accounting.open({ owner: { address, identity }, bytes: 0, shed: () => void shed.push(name) })
    return account
  }

  function hold(name: string, address: string, kibibytes: number, how: 'in use' | 'idle', identity?: string): Account {
    const account = open(name, address, identity)
    account.meter(Held.Answers).change(kibibytes * kibibyte)
    if (how === 'idle') account.rest()
    return account
  }

  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  it('sheds nothing below its bound', async () => {
    hold('one', '192.0.2.1', 999, 'idle')
    await nextTurn()
    expect(shed).to.deep.equal([])
  })

  it('sheds until a sixteenth is free, and says so', async () => {
    for (let i = 0; i < 11; i++) hold(`${i}`, '192.0.2.1', 100, 'idle')
    await nextTurn()
    expect(shed).to.deep.equal(['0', '1'])
    expect(accounting.usage()).to.deep.include({ heldBytes: 900 * kibibyte, shed: 2 })
  })

  it('sheds what nobody uses first, the oldest of the largest holder', async () => {
    hold('honest, away', '192.0.2.9', 100, 'idle')
    hold('in use', '192.0.2.1', 500, 'in use')
    hold('away for longest', '192.0.2.1', 100, 'idle')
    hold('away since lately', '192.0.2.1', 100, 'idle')
    hold('new', '192.0.2.9', 201, 'in use')
    await nextTurn()
    expect(shed).to.deep.equal(['away for longest'])
  })

  it('sheds what small holders do not use before what they use, where the program itself keeps most', async () => {
    const own = accounting.open({ owner: accounting.server, bytes: 0, shed: () => void shed.push('own') })
    own.meter(Held.Answers).change(700 * kibibyte)
    hold('in use', '192.0.2.1', 200, 'in use')
    hold('idle', '192.0.2.1', 150, 'idle')
    await nextTurn()
    expect(shed).to.deep.equal(['idle'])
  })

  it('counts from the last time that it was used', async () => {
    const first = hold('first', '192.0.2.1', 400, 'idle')
    hold('second', '192.0.2.1', 400, 'idle')
    first.wake()
    first.rest()
    hold('third', '192.0.2.1', 201, 'in use')
    await nextTurn()
    expect(shed).to.deep.equal(['second'])
  })

  it('spares those who are away with less than half a fair share while others hoard in use', async () => {
    hold('honest, away', '192.0.2.9', 100, 'idle')
    hold('hoard', '192.0.2.1', 500, 'in use')
    hold('larger hoard', '192.0.2.1', 501, 'in use')
    await nextTurn()
    expect(shed).to.deep.equal(['larger hoard'])
  })

  it('spares them at the address of the hoarder too', async () => {
    hold('honest, away', '192.0.2.1', 100, 'idle', 'ann')
    hold('hoard', '192.0.2.1', 901, 'in use', 'mallory')
    await nextTurn()
    expect(shed).to.deep.equal(['hoard'])
  })

  it('sheds those as well where nobody has more', async () => {
    for (let i = 0; i < 101; i++) hold(`${i}`, `192.0.2.${i}`, 10, 'idle')
    await nextTurn()
    expect(shed).to.have.length(8)
    expect(accounting.heldBytes).to.be.at.most(maxHeldBytes * (15 / 16))
  })

  it('adds up an identity over all of its addresses', async () => {
    for (let i = 0; i < 5; i++) hold(`hoard ${i}`, `192.0.2.${i}`, 120, 'idle', 'mallory')
    hold('honest', '198.51.100.1', 402, 'idle')
    await nextTurn()
    expect(shed).to.deep.equal(['hoard 0'])
  })

  it('finds, where all are one identity, the address with most', async () => {
    for (let i = 0; i < 5; i++) hold(`honest ${i}`, `192.0.2.${i}`, 80, 'idle', 'all')
    hold('hoard', '198.51.100.1', 300, 'idle', 'all')
    hold('hoard', '198.51.100.1', 302, 'idle', 'all')
    await nextTurn()
    expect(shed).to.deep.equal(['hoard'])
  })

  it('takes the largest down to the next one before it takes of both', async () => {
    for (let i = 0; i < 4; i++) hold(`a${i}`, '192.0.2.1', 150, 'idle')
    for (let i = 0; i < 4; i++) hold(`b${i}`, '192.0.2.2', 101, 'idle')
    await nextTurn()
    expect(shed).to.deep.equal(['a0'])
    for (let i = 4; i < 8; i++) hold(`b${i}`, '192.0.2.2', 50, 'idle')
    await nextTurn()
    expect(shed.slice(1)).to.deep.equal(['b0', 'b1'])
  })

  it('lets the event loop turn between many', async () => {
    for (let i = 0; i < 4_001; i++) hold(`${i}`, '192.0.2.1', 1, 'idle')
    open('rest', '192.0.2.1')
      .meter(Held.Input)
      .change(500 * kibibyte)
    await new Promise<void>((resolve) => process.nextTick(resolve))
    expect(shed).to.have.length(2_048)
    await nextTurn()
    await nextTurn()
    expect(accounting.heldBytes).to.be.at.most(maxHeldBytes * (15 / 16))
  })

  it('does not try again by itself where there is nothing to shed', async () => {
    accounting.onHeld(0, 2 * maxHeldBytes)
    await nextTurn()
    await nextTurn()
    expect(accounting.isFull).to.equal(true)
    expect(process.getActiveResourcesInfo()).to.not.include('Immediate')
  })

  it('ends where nothing can go that would help', async () => {
    const account = accounting.open({
      owner: { address: '192.0.2.1', identity: undefined },
      bytes: 2 * maxHeldBytes,
      shed: () => void shed.push('all'),
    })
    await nextTurn()
    expect(account.isClosed).to.equal(true)
    expect(shed).to.deep.equal(['all'])
    expect(accounting.heldBytes).to.equal(0)
  })
})
