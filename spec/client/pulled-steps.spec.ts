// What the reader of a lasting call takes, from whichever of its calls.

import { expect } from 'chai'
import { puller } from '../../lib/core/action/call.ts'
import { turnsOf } from '../../lib/core/base/handler-turns.ts'
import { type Items, PulledSteps } from '../../lib/core/client/pulled-steps.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

interface Step {
  readonly name: string
}

/** A call whose items come when the spec says so. */
class Source implements Items {
  asked = 0
  readonly #ready: (string[] | 'end' | 'failure')[] = []
  #isWaiting = false
  #tell: (result: string[] | 'end' | 'failure') => void = () => undefined;

  [puller](onItem: (item: unknown) => void, onEnd: (error?: unknown) => void): () => void {
    this.#tell = (result) => {
      if (result === 'end') onEnd()
      else if (result === 'failure') onEnd(new Error('the call failed'))
      else onItem(result)
    }
    return () => {
      this.asked++
      const ready = this.#ready.shift()
      if (ready === undefined) this.#isWaiting = true
      else this.#tell(ready)
    }
  }

  give(...names: string[]): this {
    return this.#put(names)
  }

  end(): this {
    return this.#put('end')
  }

  fail(): this {
    return this.#put('failure')
  }

  #put(result: string[] | 'end' | 'failure'): this {
    if (this.#isWaiting) {
      this.#isWaiting = false
      this.#tell(result)
    } else this.#ready.push(result)
    return this
  }
}

const namesIn = (item: unknown): Step[] => (item as string[]).map((name) => ({ name }))

describe('Steps that are pulled', () => {
  let steps: PulledSteps<Step>
  const taken = async (count: number): Promise<(string | undefined)[]> => {
    const names: (string | undefined)[] = []
    for (let i = 0; i < count; i++) names.push((await steps.take())?.name)
    return names
  }

  beforeEach(() => {
    steps = new PulledSteps(namesIn, turnsOf(new VirtualClock()))
  })

  it('are those that a call begins with, then what is in its items, read when somebody asks', async () => {
    const source = new Source().give('b', 'c').give('d')
    steps.open(source, [{ name: 'a' }])
    expect(await taken(1)).to.deep.equal(['a'])
    expect(source.asked).to.equal(0)
    expect(await taken(2)).to.deep.equal(['b', 'c'])
    expect(source.asked).to.equal(1)
    expect(await taken(1)).to.deep.equal(['d'])
  })

  it('are waited for before a call is open, by several in their order', async () => {
    const all = Promise.all([steps.take(), steps.take()])
    await settle()
    steps.open(new Source().give('b'), [{ name: 'a' }])
    expect((await all).map((step) => step?.name)).to.deep.equal(['a', 'b'])
  })

  it('go on with the next call where one has ended or failed, and wait for it', async () => {
    for (const first of [new Source().end(), new Source().fail()]) {
      steps = new PulledSteps(namesIn, turnsOf(new VirtualClock()))
      steps.open(first, [])
      const next = taken(1)
      await settle()
      expect(first.asked, 'it is asked no more').to.equal(1)
      steps.open(new Source().give('of the next'), [])
      expect(await next).to.deep.equal(['of the next'])
    }
  })

  it('of a call that has ended are read before the next begins', async () => {
    const source = new Source().give('a').give('b', 'c').end()
    steps.open(source, [])
    await steps.finish()
    expect([source.asked, steps.isBehind]).to.deep.equal([3, false])
    steps.open(new Source(), [{ name: 'd' }])
    expect(steps.isBehind).to.equal(true)
    expect(await taken(1)).to.deep.equal(['a'])
    expect(steps.isBehind, 'it has no more than one call left').to.equal(false)
    expect(await taken(3)).to.deep.equal(['b', 'c', 'd'])
  })

  it('of a call that has ended are waited for where they come later', async () => {
    const source = new Source().give('a')
    steps.open(source, [])
    let isFinished = false
    const finishing = steps.finish().then(() => {
      isFinished = true
    })
    await settle()
    expect([source.asked, isFinished]).to.deep.equal([2, false])
    source.give('b').end()
    await finishing
    expect(await taken(2)).to.deep.equal(['a', 'b'])
  })

  it('wait for the item that is being read when the call ends', async () => {
    const source = new Source()
    steps.open(source, [])
    const first = taken(2)
    await settle()
    let isFinished = false
    const finishing = steps.finish().then(() => {
      isFinished = true
    })
    await settle()
    expect([source.asked, isFinished]).to.deep.equal([1, false])
    source.give('a', 'b').end()
    await finishing
    expect(await first).to.deep.equal(['a', 'b'])
  })

  it('are at their end once closed, with what was read before or without', async () => {
    for (const backlog of ['keep', 'drop'] as const) {
      steps = new PulledSteps(namesIn, turnsOf(new VirtualClock()))
      steps.open(new Source(), [{ name: 'a' }])
      steps.close(backlog)
      steps.open(new Source(), [{ name: 'too late' }])
      expect(await taken(2)).to.deep.equal(backlog === 'keep' ? ['a', undefined] : [undefined, undefined])
    }
  })

  it('are at their end for those who wait when they are closed, and drop what comes later', async () => {
    const waiting = taken(1)
    await settle()
    steps.close('keep')
    expect(await waiting).to.deep.equal([undefined])
    steps = new PulledSteps(namesIn, turnsOf(new VirtualClock()))
    const source = new Source()
    steps.open(source, [])
    const reading = taken(1)
    await settle()
    steps.close('keep')
    source.give('late')
    expect(await reading).to.deep.equal([undefined])
    expect(await taken(1)).to.deep.equal([undefined])
  })
})
