// What is opened by the first one who needs it, for all.
import { expect } from 'chai'
import { OpenedOnce } from '../../lib/core/base/opened-once.ts'
import { failureOf } from '../setup/world.ts'

describe('What is opened once', () => {
  const away = new Error('it is away')

  it('is opened by the first one who needs it, for all', async () => {
    let opened = 0
    const once = new OpenedOnce(async () => ++opened)
    expect(await once.ifOpened()).to.equal(undefined)
    expect(opened).to.equal(0)
    expect(await Promise.all([once.get(), once.get(), once.ifOpened()])).to.deep.equal([1, 1, 1])
    expect(await once.get()).to.equal(1)
  })

  it('is opened again where that failed, once for all', async () => {
    let tries = 0
    const once = new OpenedOnce(async () => {
      if (++tries === 1) throw away
      return tries
    })
    const first = once.get()
    const waiting = once.ifOpened()
    // One who has heard of the failure asks again before another one hears of it.
    const again = failureOf(first).then(() => once.get())
    const other = failureOf(first).then(() => once.get())
    expect(await failureOf(first)).to.equal(away)
    expect(await waiting).to.equal(undefined)
    expect(await Promise.all([again, other, once.get()])).to.deep.equal([2, 2, 2])
  })
})
