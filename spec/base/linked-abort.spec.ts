// An abort that follows other signals: whose reason it has, and what it releases.
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { LinkedAbort } from '../../lib/core/base/linked-abort.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

const listenersOf = ({ signal }: AbortController): number => getEventListeners(signal, 'abort').length

describe('A linked abort', () => {
  let parents: [AbortController, AbortController]
  let linked: LinkedAbort
  let clock: VirtualClock

  beforeEach(() => {
    clock = new VirtualClock()
    parents = [new AbortController(), new AbortController()]
    linked = new LinkedAbort(parents[0].signal, undefined, parents[1].signal)
  })

  const isReleased = (): boolean => parents.every((parent) => listenersOf(parent) === 0) && clock.pendingCount === 0

  it('aborts with the first of its parents that does, for the same reason', () => {
    expect(linked.signal.aborted).to.equal(false)
    parents[1].abort('the server ends')
    parents[0].abort('too late')
    expect(linked.signal.reason).to.equal('the server ends')
  })

  it('has aborted already where a parent has', () => {
    const { signal } = new LinkedAbort(parents[0].signal, AbortSignal.abort('before'), parents[1].signal)
    expect(signal.reason).to.equal('before')
  })

  it('aborts when it is asked to, and its parents do not', () => {
    linked.abort('enough')
    linked.abort('too late')
    expect(linked.signal.reason).to.equal('enough')
    expect(parents.map(({ signal }) => signal.aborted)).to.deep.equal([false, false])
  })

  it('aborts with an AbortError where no reason is given', () => {
    linked.abort()
    expect(linked.signal.reason).to.be.instanceOf(DOMException).with.property('name', 'AbortError')
  })

  it('aborts when its time is up, for the reason of that time', async () => {
    linked.abortAfter(clock, 100, () => `late at ${clock.now()}`)
    await clock.advance(99)
    expect(linked.signal.aborted).to.equal(false)
    await clock.advance(1)
    expect(linked.signal.reason).to.equal('late at 1100')
  })

  it('follows its parents no more once it is unlinked, and keeps its time limit', async () => {
    linked.abortAfter(clock, 100, () => 'late')
    linked.unlink()
    expect(parents.map(listenersOf)).to.deep.equal([0, 0])
    parents[0].abort('gone')
    expect(linked.signal.aborted).to.equal(false)
    await clock.advance(100)
    expect(linked.signal.reason).to.equal('late')
  })

  const ends: Readonly<Record<string, () => unknown>> = {
    'it is closed': () => linked.close(),
    'it is closed twice': () => [linked.close(), linked.close()],
    'it aborts': () => linked.abort('enough'),
    'a parent aborts': () => parents[0].abort('gone'),
    'its time is up': () => clock.advance(100),
  }
  for (const [when, end] of Object.entries(ends))
    it(`leaves neither a listener nor a timer when ${when}`, async () => {
      linked.abortAfter(clock, 100, () => 'late')
      expect(parents.map(listenersOf)).to.deep.equal([1, 1])
      await end()
      expect(isReleased()).to.equal(true)
    })

  it('leaves no listener where a parent has aborted before', () => {
    linked.close()
    const [before] = parents
    const after = new LinkedAbort(before.signal, AbortSignal.abort('before'), parents[1].signal)
    expect(after.signal.aborted).to.equal(true)
    expect(isReleased()).to.equal(true)
  })

  it('does not abort with a parent that aborts after it was closed', () => {
    linked.close()
    parents[0].abort('gone')
    expect(linked.signal.aborted).to.equal(false)
  })

  it('does not add up at a parent that lives long', () => {
    const [parent] = parents
    for (let n = 0; n < 1_000; n++) new LinkedAbort(parent.signal).close()
    expect(listenersOf(parent)).to.equal(1)
    linked.close()
    expect(listenersOf(parent)).to.equal(0)
  })
})
