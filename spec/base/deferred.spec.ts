// A promise that others settle, once.
import { expect } from 'chai'
import { deferred } from '../../lib/core/base/deferred.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

describe('A deferred promise', () => {
  it('is pending until it is resolved', async () => {
    const { promise, resolve } = deferred<number>()
    let value: number | undefined
    void promise.then((settled) => {
      value = settled
    })
    await settle()
    expect(value).to.equal(undefined)
    resolve(5)
    await settle()
    expect(value).to.equal(5)
  })

  it('rejects with the reason', async () => {
    const { promise, reject } = deferred<void>()
    const reason = new Error('no room')
    reject(reason)
    expect(await failureOf(promise)).to.equal(reason)
  })

  it('settles as the promise does that it is resolved with', async () => {
    const [first, second] = [deferred<number>(), deferred<number>()]
    first.resolve(second.promise)
    second.resolve(7)
    expect(await first.promise).to.equal(7)
  })

  it('settles once', async () => {
    const { promise, resolve, reject } = deferred<number>()
    resolve(1)
    resolve(2)
    reject(new Error('too late'))
    expect(await promise).to.equal(1)
  })
})
