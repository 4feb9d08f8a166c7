// When a daemon may begin to hand over, and when not: one attempt at a time, and none once it ends.
import { expect } from 'chai'
import { ServerError } from 'isock'
import type { Inheritance, LaunchOrder } from '../../lib/daemon/launch.ts'
import { busyChanging, Succession } from '../../lib/daemon/succession.ts'

// Nothing can be launched with it: its folder is not there.
const order = { name: 'a', paths: { crash: '/none/at/all/crash.log' }, settings: {} } as unknown as LaunchOrder
const inheritance: Inheritance = { control: 0, listening: [] }

const begin = (succession: Succession) =>
  succession
    .begin(order, inheritance, () => {
      throw new Error('it handed over')
    })
    .catch((error: unknown) => error)

const isBusy = (error: unknown) => error instanceof ServerError && error.code === 'SHUTTING_DOWN'

describe('The succession of a daemon', () => {
  it('is told of as a change that is under way', () => {
    const { code, message } = busyChanging()
    expect([code, message]).to.deep.equal([
      'SHUTTING_DOWN',
      'this daemon is starting, stopping or handing over; try again',
    ])
  })

  it('is not begun where the daemon may not hand over', async () => {
    const succession = new Succession(() => false)
    expect(isBusy(await begin(succession))).to.equal(true)
    expect(succession.isDone).to.equal(false)
  })

  it('is tried once at a time, and again after a failure', async () => {
    const succession = new Succession(() => true)
    const first = begin(succession)
    expect(isBusy(await begin(succession))).to.equal(true)
    expect(isBusy(await first)).to.equal(false)
    expect(isBusy(await begin(succession))).to.equal(false)
    expect(succession.isDone).to.equal(false)
  })

  it('is not begun once it is cancelled', async () => {
    const succession = new Succession(() => true)
    await succession.cancel(1_000)
    expect(isBusy(await begin(succession))).to.equal(true)
    expect(succession.isDone).to.equal(false)
  })
})
