// The responses of one run on their way to a reader in the same process.
import { expect } from 'chai'
import { BusyError } from '../../lib/core/base/errors.ts'
import { ResponseQueue } from '../../lib/features/services/response-queue.ts'
import { settle } from '../setup/virtual-clock.ts'

describe('ResponseQueue', () => {
  let queue: ResponseQueue

  beforeEach(() => {
    queue = new ResponseQueue('service "Counter": exec')
  })

  const states = new Map<Promise<unknown>, boolean>()
  /** Whether it has settled by now. */
  async function isSettled(promise: Promise<unknown>): Promise<boolean> {
    states.set(promise, false)
    promise.then(
      () => states.set(promise, true),
      () => states.set(promise, true),
    )
    await settle()
    return states.get(promise) as boolean
  }

  it('settles each response when it is taken, in their order', async () => {
    const [first, second] = [queue.add('a'), queue.add('b')]
    expect(await isSettled(first)).to.equal(false)
    expect(await queue.take()).to.deep.equal({ value: 'a' })
    expect([await isSettled(first), await isSettled(second)]).to.deep.equal([true, false])
    expect(await queue.take()).to.deep.equal({ value: 'b' })
    expect(await isSettled(second)).to.equal(true)
  })

  it('hands a response to a reader that waits for it, and the next one to the next reader', async () => {
    const taken = queue.take()
    const first = queue.add(undefined)
    const second = queue.add('b')
    expect([await isSettled(first), await isSettled(second)]).to.deep.equal([true, false])
    expect(await taken).to.deep.equal({ value: undefined })
    expect(await queue.take()).to.deep.equal({ value: 'b' })
  })

  it('lets 1 024 wait, and refuses more', async () => {
    for (let i = 0; i < 1_024; i++) void queue.add(i)
    const refusal = (await queue.add('one more').catch((error: unknown) => error)) as BusyError
    expect(refusal).to.be.instanceOf(BusyError)
    expect(refusal.notStarted).to.equal(false)
    expect(refusal.message).to.equal(
      'service "Counter": exec: 1024 responses are waiting for their reader; await respond()',
    )
    await queue.take()
    void queue.add('in its place')
    for (let i = 1; i < 1_024; i++) expect(await queue.take()).to.deep.equal({ value: i })
    expect(await queue.take()).to.deep.equal({ value: 'in its place' })
  })

  it('ends for a reader that waits when it is closed', async () => {
    const taken = queue.take()
    queue.close()
    expect(await taken).to.equal(undefined)
    expect(await queue.take()).to.equal(undefined)
    queue.close()
  })

  it('settles what waits when it is closed, and what is added afterwards; only the former can be taken', async () => {
    const waiting = queue.add('a')
    queue.close()
    expect(await isSettled(waiting)).to.equal(true)
    expect(await isSettled(queue.add('b'))).to.equal(true)
    expect(await queue.take()).to.deep.equal({ value: 'a' })
    expect(await queue.take()).to.equal(undefined)
  })
})
