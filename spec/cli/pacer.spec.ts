// How isock bench waits until a call is due: the timers that it sets, and whom it lets go.
import { expect } from 'chai'
import { Pacer } from '../../lib/cli/pacer.ts'

const { setImmediate: nextTurn } = globalThis

type Run = () => void

/** The platform's timers and time, of which a spec is the master while it works with them. */
class Platform {
  now = 1_000
  /** What was set, in order: 'turn', or the delay of a timer. */
  readonly set: (number | 'turn')[] = []
  readonly cleared: unknown[] = []
  readonly #runs: Run[] = []

  during<T>(work: () => T): T {
    const { setTimeout, setImmediate, clearTimeout, clearImmediate, performance } = globalThis
    const { now } = performance
    Object.assign(globalThis, {
      setTimeout: (run: Run, ms: number) => this.#add(run, ms),
      setImmediate: (run: Run) => this.#add(run, 'turn'),
      clearTimeout: (handle: unknown) => void this.cleared.push(['timer', handle]),
      clearImmediate: (handle: unknown) => void this.cleared.push(['turn', handle]),
    })
    performance.now = () => this.now
    try {
      return work()
    } finally {
      Object.assign(globalThis, { setTimeout, setImmediate, clearTimeout, clearImmediate })
      performance.now = now
    }
  }

  /** Runs what is set, at this time. */
  runAt(now: number): void {
    this.now = now
    this.during(() => {
      for (const run of this.#runs.splice(0)) run()
    })
  }

  #add(run: Run, set: number | 'turn'): string {
    this.#runs.push(run)
    this.set.push(set)
    return `handle ${this.set.length}`
  }
}

class Waits {
  readonly platform = new Platform()
  readonly pacer = new Pacer()
  readonly over: number[] = []

  until(...times: readonly number[]): void {
    this.platform.during(() => {
      for (const at of times) void this.pacer.until(at).then(() => this.over.push(at))
    })
  }

  async overNow(): Promise<readonly number[]> {
    await new Promise<void>((resolve) => void nextTurn(resolve))
    return this.over
  }
}

describe('A pacer', () => {
  it('waits for no time that has come', async () => {
    const waits = new Waits()
    waits.until(999, 1_000)
    expect(waits.platform.set).to.deep.equal([])
    expect(await waits.overNow()).to.deep.equal([999, 1_000])
  })

  it('sets a timer that ends 2 ms before, then takes turns until the time has come', async () => {
    const waits = new Waits()
    waits.until(1_010)
    waits.platform.runAt(1_008)
    expect(await waits.overNow()).to.deep.equal([])
    waits.platform.runAt(1_009.9)
    expect(await waits.overNow()).to.deep.equal([])
    waits.platform.runAt(1_010)
    expect(await waits.overNow()).to.deep.equal([1_010])
    expect(waits.platform.set).to.deep.equal([8, 'turn', 'turn'])
  })

  it('sets a timer of 1 ms, and none of less', () => {
    for (const [at, set] of [
      [1_003, 1],
      [1_002.999, 'turn'],
      [1_000.001, 'turn'],
    ] as const) {
      const waits = new Waits()
      waits.until(at)
      expect(waits.platform.set).to.deep.equal([set])
    }
  })

  it('sets one timer for all, lets go those that are due in their order, and waits for the next', async () => {
    const waits = new Waits()
    waits.until(1_010, 1_010, 1_020, 1_030)
    expect(waits.platform.set).to.deep.equal([8])
    waits.platform.runAt(1_010)
    expect(await waits.overNow()).to.deep.equal([1_010, 1_010])
    expect(waits.platform.set).to.deep.equal([8, 8])
    waits.platform.runAt(1_030)
    expect(await waits.overNow()).to.deep.equal([1_010, 1_010, 1_020, 1_030])
    expect(waits.platform.set).to.deep.equal([8, 8])
    waits.until(1_050)
    expect(waits.platform.set).to.deep.equal([8, 8, 18])
  })

  it('lets all go when it is closed, and clears what it set', async () => {
    const waits = new Waits()
    waits.until(1_010, 1_020)
    waits.platform.during(() => waits.pacer.close())
    expect(await waits.overNow()).to.deep.equal([1_010, 1_020])
    expect(waits.platform.cleared).to.deep.equal([
      ['timer', 'handle 1'],
      ['turn', undefined],
    ])
    waits.until(1_030)
    expect(waits.platform.set).to.deep.equal([8, 28])
  })

  it('clears its turn when it is closed', () => {
    const waits = new Waits()
    waits.until(1_001)
    waits.platform.during(() => waits.pacer.close())
    expect(waits.platform.cleared).to.deep.equal([
      ['timer', undefined],
      ['turn', 'handle 1'],
    ])
  })
})
