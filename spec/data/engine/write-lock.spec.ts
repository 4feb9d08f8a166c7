// Turns to write that nobody waits for any more take nobody's turn; and what is said to those who waited too long.
import { expect } from 'chai'
import { StoreUnavailableError } from 'isock/data'
import { isStoreBusy, storeBusy, WriteLock } from '../../../lib/features/data/engine/libsql/write-lock.ts'
import { failureOf } from '../../setup/world.ts'

describe('WriteLock', () => {
  it('are not waited for longer than that, and then left to the next', async () => {
    const turns = new WriteLock(20)
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

  it('leave the event loop a turn where those that wait take long together', async () => {
    const turns = new WriteLock(10_000)
    const end = await turns.take()
    let loopTurns = 0
    let isOver = false
    const onTurn = (): void => {
      loopTurns++
      if (!isOver) setImmediate(onTurn)
    }
    setImmediate(onTurn)
    const works = Array.from({ length: 12 }, async () => {
      const endOwn = await turns.take()
      const until = performance.now() + 3
      while (performance.now() < until);
      endOwn()
    })
    end()
    await Promise.all(works)
    isOver = true
    expect(loopTurns).to.be.at.least(3)
  })

  it('say who has one, where that is known', () => {
    expect(storeBusy().message).to.equal('the store was busy with other units of work for too long')
    expect(storeBusy('the turn is held by x').message).to.equal(
      'the store was busy with other units of work for too long: the turn is held by x',
    )
    expect(isStoreBusy(storeBusy('x'))).to.equal(true)
    expect(isStoreBusy(new StoreUnavailableError('the store is unreachable'))).to.equal(false)
    expect(isStoreBusy(new Error(storeBusy().message))).to.equal(false)
  })
})
