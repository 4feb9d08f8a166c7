// The clock that uses the global timers as they are at each call, which test runners replace.
import { expect } from 'chai'
import { globalClock } from '../../lib/testing/global-clock.ts'

describe('The clock of the global timers', () => {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout }
  let asked: unknown[]
  /** What the runner's `setTimeout` returns. */
  let timer: unknown

  beforeEach(() => {
    asked = []
    timer = { ref: () => asked.push('ref'), unref: () => asked.push('unref') }
    globalThis.setTimeout = ((run: () => void, delayMs: number) => {
      asked.push(delayMs)
      run()
      return timer
    }) as never
    globalThis.clearTimeout = (given) => void asked.push(given)
  })

  afterEach(() => Object.assign(globalThis, real))

  const set = (delayMs: number) => globalClock.setTimer(() => void asked.push('run'), delayMs)

  it('asks for the delay that it is given, for none below 0, and for none that would be over immediately', () => {
    for (const delayMs of [7, 0, -3, 2 ** 31 - 1, 2 ** 31, Number.POSITIVE_INFINITY]) set(delayMs)
    const delays = asked.filter((one) => typeof one === 'number')
    expect(delays).to.deep.equal([7, 0, 0, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1])
  })

  it('keeps the process alive only where it is asked to, and cancels', () => {
    const held = set(1)
    held.keepProcessAlive(true)
    held.keepProcessAlive(false)
    held.cancel()
    expect(asked).to.deep.equal([1, 'run', 'unref', 'ref', 'unref', timer])
  })

  it('takes timers that are numbers, or cannot be let go of', () => {
    for (const other of [5, {}]) {
      timer = other
      asked = []
      const held = set(1)
      held.keepProcessAlive(true)
      held.cancel()
      expect(asked).to.deep.equal([1, 'run', other])
    }
  })

  it('tells the time by Date', () => {
    const now = Date.now
    Date.now = () => 1_234
    try {
      expect([globalClock.now(), globalClock.wallNow?.()]).to.deep.equal([1_234, 1_234])
    } finally {
      Date.now = now
    }
  })
})
