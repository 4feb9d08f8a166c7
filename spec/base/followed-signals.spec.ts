// Many that follow one signal: one listener, called in order, and none when nobody follows any more.
import { getEventListeners } from 'node:events'
import { createContext, runInContext } from 'node:vm'
import { expect } from 'chai'
import { followSignal, unlessAborted } from '../../lib/core/base/followed-signals.ts'
import { failureOf } from '../setup/world.ts'

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

/** As a library of another realm makes them: no AbortSignal of ours, and what a listener throws is thrown by abort(). */
interface ForeignSignal extends AbortSignal {
  readonly listeners: Set<() => void>
  abort(): void
}

function foreignSignal(): ForeignSignal {
  return runInContext(
    `({
      aborted: false,
      listeners: new Set(),
      addEventListener(type, listener) { this.listeners.add(listener) },
      removeEventListener(type, listener) { this.listeners.delete(listener) },
      abort() {
        this.aborted = true
        this.reason = new Error('enough')
        for (const listener of [...this.listeners]) listener()
      },
    })`,
    createContext({}),
  ) as ForeignSignal
}

describe('A signal that is followed', () => {
  let told: number[]
  const follow = (signal: AbortSignal, count: number) =>
    Array.from({ length: count }, (_, n) => followSignal(signal, () => told.push(n)))

  beforeEach(() => {
    told = []
  })

  const kinds: Readonly<Record<string, () => { readonly signal: AbortSignal; abort(): void }>> = {
    'of a controller': () => {
      const controller = new AbortController()
      return { signal: controller.signal, abort: () => controller.abort() }
    },
    'of AbortSignal.any': () => {
      const controller = new AbortController()
      const signal = AbortSignal.any([new AbortController().signal, controller.signal])
      return { signal, abort: () => controller.abort() }
    },
    'of another realm': () => {
      const signal = foreignSignal()
      return { signal, abort: () => signal.abort() }
    },
  }
  for (const [kind, make] of Object.entries(kinds)) {
    it(`${kind} has one listener for all, who are told in order and once`, () => {
      const { signal, abort } = make()
      const count = (): number =>
        'listeners' in signal ? (signal as ForeignSignal).listeners.size : listenersOf(signal)
      const unfollow = follow(signal, 1_000)
      expect(count()).to.equal(1)
      unfollow[0]?.()
      unfollow[500]?.()
      abort()
      abort()
      const others = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => n !== 0 && n !== 500)
      expect(told).to.deep.equal(others)
      expect(count(), 'afterwards').to.equal(0)
    })

    it(`${kind} has no listener after the last one has left, and one again for the next`, () => {
      const { signal, abort } = make()
      const count = (): number =>
        'listeners' in signal ? (signal as ForeignSignal).listeners.size : listenersOf(signal)
      const unfollow = follow(signal, 3)
      for (const n of [1, 2, 2, 0]) {
        expect(count()).to.equal(1)
        unfollow[n]?.()
      }
      expect(count()).to.equal(0)
      follow(signal, 1)
      unfollow[1]?.()
      expect(count()).to.equal(1)
      abort()
      expect(told).to.deep.equal([0])
    })
  }

  it('tells one who comes too late immediately', () => {
    const unfollow = followSignal(AbortSignal.abort(), () => told.push(1))
    expect(told).to.deep.equal([1])
    unfollow()
  })

  it('tells one who comes while the others are told', () => {
    const controller = new AbortController()
    const { signal } = controller
    followSignal(signal, () => {
      followSignal(signal, () => told.push(1))
      told.push(2)
    })
    follow(signal, 1)
    controller.abort()
    expect(told).to.deep.equal([1, 2, 0])
    expect(listenersOf(signal)).to.equal(0)
  })

  it('does not tell who leaves while others are told', () => {
    const controller = new AbortController()
    followSignal(controller.signal, () => last?.())
    const [, last] = follow(controller.signal, 2)
    controller.abort()
    expect(told).to.deep.equal([0])
  })

  it('tells all, whichever of them throw, and hides none of what they throw', () => {
    const signal = foreignSignal()
    const errors = [new Error('one'), new Error('two')]
    follow(signal, 1)
    followSignal(signal, () => {
      throw errors[0]
    })
    follow(signal, 1)
    expect(() => signal.abort()).to.throw('one')
    expect(told).to.deep.equal([0, 0])

    const other = foreignSignal()
    for (const error of errors) {
      followSignal(other, () => {
        throw error
      })
      follow(other, 1)
    }
    expect(() => other.abort())
      .to.throw(AggregateError, '2 listeners of a signal')
      .with.deep.property('errors', errors)
    expect(told).to.deep.equal([0, 0, 0, 0])
  })

  it('is not taken for followed where it takes no listener', () => {
    const signal = foreignSignal()
    const { addEventListener } = signal
    signal.addEventListener = () => {
      throw new TypeError('no listeners here')
    }
    for (const attempt of [1, 2]) expect(() => follow(signal, 1), `attempt ${attempt}`).to.throw('no listeners here')
    signal.addEventListener = addEventListener
    follow(signal, 1)
    signal.abort()
    expect(told).to.deep.equal([0])
  })

  it('may be missing', () => {
    followSignal(undefined, () => told.push(1))()
    expect(told).to.deep.equal([])
  })
})

describe('Work that ends with a signal', () => {
  it('gives its outcome, and leaves no listener', async () => {
    const { signal } = new AbortController()
    expect(await unlessAborted(Promise.resolve(1), signal)).to.equal(1)
    expect(await failureOf(unlessAborted(Promise.reject(new Error('no')), signal))).to.have.property('message', 'no')
    const broken = {
      then: () => {
        throw new Error('broken')
      },
    } as unknown as PromiseLike<number>
    expect(await failureOf(unlessAborted(broken, signal))).to.have.property('message', 'broken')
    await Promise.resolve()
    expect(listenersOf(signal)).to.equal(0)
  })

  it("rejects with the signal's reason as soon as that aborts, or with one of its own", async () => {
    const controller = new AbortController()
    const works = [undefined, () => 'mine'].map((reason) =>
      failureOf(unlessAborted(new Promise(() => undefined), controller.signal, reason)),
    )
    controller.abort('theirs')
    expect(await Promise.all(works)).to.deep.equal(['theirs', 'mine'])
    // What the work ends with then is nobody's.
    expect(await failureOf(unlessAborted(Promise.reject(new Error('late')), controller.signal))).to.equal('theirs')
  })
})
