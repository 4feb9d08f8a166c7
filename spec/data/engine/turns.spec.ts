// Turns to write: one has it, the others come in their order, and one that waits too long takes nobody's turn.
import { expect } from 'chai'
import { StoreUnavailableError } from 'isock/data'
import { isStoreBusy, storeBusy, Turns } from '../../../lib/data/engine/libsql/turns.ts'
import { failureOf } from '../../setup/world.ts'

describe('Turns to write', () => {
  it('are taken one after the other, in the order in which they were asked for', async () => {
    const turns = new Turns(60_000)
    const order: number[] = []
    const end = await turns.take()
    const others = [1, 2, 3].map(async (number) => {
      const endThis = await turns.take()
      order.push(number)
      expect(order).to.have.length(number)
      endThis()
    })
    expect(turns.waitingCount).to.equal(3)
    await new Promise((resolve) => setImmediate(resolve))
    expect(order).to.deep.equal([])
    end()
    await Promise.all(others)
    expect(order).to.deep.equal([1, 2, 3])
    expect(turns.waitingCount).to.equal(0)
    ;(await turns.take())()
  })

  it('are not waited for longer than that, and then left to the next', async () => {
    const turns = new Turns(20)
    const end = await turns.take()
    const late = [failureOf(turns.take()), failureOf(turns.take())]
    for (const failure of await Promise.all(late)) {
      expect(failure).to.be.instanceOf(StoreUnavailableError)
      expect(isStoreBusy(failure)).to.equal(true)
    }
    expect(turns.waitingCount).to.equal(0)
    const next = turns.take()
    end()
    const endNext = await next
    // A turn that was taken does not run out.
    const another = failureOf(turns.take())
    expect(isStoreBusy(await another)).to.equal(true)
    endNext()
    ;(await turns.take())()
  })

  it('say who has one, where that is known', () => {
    expect(storeBusy().message).to.equal('the store was busy with other units of work for too long')
    expect(storeBusy('the turn is held by x').message).to.equal(
      'the store was busy with other units of work for too long: the turn is held by x',
    )
    expect(isStoreBusy(storeBusy('x'))).to.equal(true)
    expect(isStoreBusy(new StoreUnavailableError('the store is away'))).to.equal(false)
    expect(isStoreBusy(new Error(storeBusy().message))).to.equal(false)
  })
})
