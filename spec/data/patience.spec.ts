// How long a unit of work stands still for its client, in virtual time.
import { expect } from 'chai'
import { ClientPatience } from '../../lib/features/data/client-patience.ts'
import type { OpenUnit } from '../../lib/features/data/open-unit.ts'
import { BusyError } from '../../lib/index.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

const patienceMs = 4_000

describe('The patience of a unit of work', () => {
  let clock: VirtualClock
  let unit: { isHolding: boolean; wanted: boolean; asked: number; givenUp: Error[] }
  let isConnected: boolean
  let patience: ClientPatience

  const make = (isShared = false) => {
    clock = new VirtualClock()
    isConnected = true
    unit = { isHolding: true, wanted: true, asked: 0, givenUp: [] }
    const open = {
      get isHolding() {
        return unit.isHolding
      },
      isWanted: async () => {
        unit.asked++
        return unit.wanted
      },
      giveUp: (reason: Error) => void unit.givenUp.push(reason),
    } as unknown as OpenUnit
    patience = new ClientPatience({
      unit: open,
      clock,
      patienceMs,
      isShared,
      label: 'action "upload"',
      isConnected: () => isConnected,
    })
  }

  beforeEach(() => make())

  const held = () => {
    let take: () => void = () => undefined
    const item = new Promise<string>((resolve) => {
      take = () => resolve('item')
    })
    return { waiting: patience.during(item), take: () => take() }
  }

  it('lasts as long as it may, where others want what it holds', async () => {
    const { waiting } = held()
    const failure = failureOf(waiting)
    await clock.advance(patienceMs - 1)
    expect(unit.givenUp).to.deep.equal([])
    await clock.advance(1)
    expect(await failure)
      .to.be.instanceOf(BusyError)
      .and.include({ notStarted: false })
    expect((await failure).message).to.match(/^action "upload" was rolled back: .* for more than 4000 ms/)
    expect(unit.givenUp).to.deep.equal([await failure])
    expect(clock.pendingCount).to.equal(0)
  })

  it('gives the outcome as it comes, and leaves no timer', async () => {
    const { waiting, take } = held()
    take()
    expect(await waiting).to.equal('item')
    expect(clock.pendingCount).to.equal(0)
    const wrong = new Error('no item')
    expect(await failureOf(patience.during(Promise.reject(wrong)))).to.equal(wrong)
    expect(clock.pendingCount).to.equal(0)
  })

  it('is for those who hold something that somebody wants: it looks every quarter of a second', async () => {
    unit.isHolding = false
    const { waiting } = held()
    const failure = failureOf(waiting)
    await clock.advance(patienceMs + 10_000)
    expect(unit.asked, 'one that holds nothing is asked nothing').to.equal(0)
    unit.isHolding = true
    unit.wanted = false
    await clock.advance(10_000)
    expect([unit.asked, unit.givenUp.length]).to.deep.equal([40, 0])
    unit.wanted = true
    await clock.advance(250)
    await failure
    expect(unit.givenUp).to.have.length(1)
  })

  it('ends for one that has no link, whoever wants what', async () => {
    unit.wanted = false
    isConnected = false
    const { waiting } = held()
    const failure = failureOf(waiting)
    await clock.advance(patienceMs - 1)
    expect(unit.givenUp).to.deep.equal([])
    await clock.advance(1)
    await failure
    expect(unit.asked).to.equal(0)
  })

  it('ends after a minute where the store may have users that nobody sees', async () => {
    make(true)
    unit.wanted = false
    const { waiting } = held()
    const failure = failureOf(waiting)
    await clock.advance(59_999)
    expect(unit.givenUp).to.deep.equal([])
    await clock.advance(250)
    await failure
  })

  it('gives some time back for each item, so that ten a second are never too slow', async () => {
    for (let item = 0; item < 200; item++) {
      const { waiting, take } = held()
      await clock.advance(100)
      take()
      await waiting
    }
    expect(unit.givenUp).to.deep.equal([])
    // Items that take longer use it up, and it is not more than it was.
    let count = 0
    while (unit.givenUp.length === 0) {
      const { waiting, take } = held()
      waiting.catch(() => undefined)
      await clock.advance(1_100)
      take()
      await settle()
      count++
    }
    expect(count).to.equal(4)
  })

  it('is of all that wait, and counts once', async () => {
    const all = [held(), held()]
    const failures = all.map(({ waiting }) => failureOf(waiting))
    await clock.advance(2_000)
    const third = held()
    third.take()
    await third.waiting
    await clock.advance(2_099)
    expect(unit.givenUp).to.deep.equal([])
    await clock.advance(1)
    const [one, two] = await Promise.all(failures)
    expect(one).to.equal(two)
    expect(unit.givenUp).to.have.length(1)
    expect(clock.pendingCount).to.equal(0)
  })
})
