// The turns of a durable service at its server, over a store that a spec holds up.
import { expect } from 'chai'
import type { Context } from '../../lib/core/action/context.ts'
import { Refused } from '../../lib/core/action/refused.ts'
import { BusyError } from '../../lib/core/base/errors.ts'
import { resolveLimits } from '../../lib/core/base/options.ts'
import type { ServiceStates, StoredState } from '../../lib/core/server/service-states.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { DurableService } from '../../lib/features/services/durable-service.ts'
import { Service } from '../../lib/features/services/service.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

class Text extends Service<string, string> {
  static override durable = true
  init() {
    return ''
  }
  exec(state: string, text: string) {
    return state + text
  }
}

/** Keeps states in memory, and each turn until the spec releases it. */
class HeldStates implements ServiceStates {
  readonly states = new Map<string, StoredState>()
  readonly taken: string[] = []
  readonly #waiting: (() => void)[] = []
  failure: Error | undefined
  isHeld = false

  async take(_db: unknown, { key }: { key: string }): Promise<StoredState> {
    this.taken.push(key)
    if (this.failure !== undefined) throw this.failure
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.states.get(key) ?? { phase: 'new', stateVersion: 0, state: undefined }
  }

  async save(_db: unknown, { key }: { key: string }, state: StoredState): Promise<void> {
    this.states.set(key, state)
  }

  transaction<T>(_label: string, _signal: AbortSignal, work: (db: unknown) => Promise<T>): Promise<T> {
    return work({})
  }

  async phaseOf(): Promise<StoredState['phase']> {
    return 'new'
  }

  release(): void {
    this.#waiting.shift()?.()
  }
}

describe('DurableService', () => {
  let states: HeldStates
  let service: DurableService
  let left: AbortController

  beforeEach(() => {
    states = new HeldStates()
    left = new AbortController()
    const kit = { clock: new VirtualClock(), classes: new ClassRegistry(), limits: resolveLimits({}) }
    service = new DurableService('Text', new Text(), states, { maxQueued: 2, maxStateBytes: 1_000 }, kit)
  })

  const contextWith = (signal: AbortSignal): Context<unknown> =>
    ({ signal, db: {}, emit: async () => undefined, callId: 1, remainingMs: 1_000 }) as unknown as Context<unknown>

  /** What became of a run: its error's code, if any. */
  async function run(key: string, verb: 'init' | 'exec', signal = new AbortController().signal): Promise<string> {
    try {
      await service.instance(key).run(verb, key, contextWith(signal))
      return 'done'
    } catch (error) {
      const inner = error instanceof Refused ? error.error : error
      return `${error instanceof Refused ? 'refused' : 'failed'}: ${(inner as { code?: string }).code}`
    }
  }

  it('asks the store for one turn of a key at a time, and of many keys at the same time', async () => {
    await run('a', 'init')
    await run('b', 'init')
    states.taken.length = 0
    states.isHeld = true
    const runs = [run('a', 'exec'), run('a', 'exec'), run('b', 'exec')]
    await new Promise(setImmediate)
    expect(states.taken).to.deep.equal(['a', 'b'])
    expect([service.instance('a').queuedCount, service.instance('b').queuedCount]).to.deep.equal([1, 0])
    states.isHeld = false
    states.release()
    states.release()
    expect(await Promise.all(runs)).to.deep.equal(['done', 'done', 'done'])
  })

  it('remembers nothing of a key that has no calls', async () => {
    for (let i = 0; i < 100; i++) await run(`key ${i}`, i % 2 === 0 ? 'init' : 'exec')
    expect(service.activeCount).to.equal(0)
    states.isHeld = true
    const running = run('a', 'init')
    expect(service.activeCount).to.equal(1)
    const idle = service.idle()
    await new Promise(setImmediate)
    states.release()
    await Promise.all([running, idle])
    expect(service.activeCount).to.equal(0)
  })

  it('refuses more calls of a key than may wait, and those that were given up while they waited', async () => {
    await run('a', 'init')
    states.isHeld = true
    const runs = [run('a', 'exec'), run('a', 'exec', left.signal), run('a', 'exec')]
    expect(await run('a', 'exec')).to.equal('refused: BUSY')
    left.abort()
    expect(await runs[1]).to.equal('refused: CANCELLED')
    states.isHeld = false
    states.release()
    expect(await Promise.all(runs)).to.deep.equal(['done', 'refused: CANCELLED', 'done'])
  })

  it('refuses a call as not started where the store is busy, but not one whose transaction was in the way of others', async () => {
    states.failure = new BusyError('the store is busy')
    expect(await run('a', 'init')).to.equal('refused: BUSY')
    states.failure = Object.assign(new Error('deadlock'), { code: '40P01' })
    expect(await run('a', 'init')).to.equal('failed: 40P01')
    states.failure = undefined
    expect(await run('a', 'exec')).to.equal('refused: NOT_INITIALIZED')
  })
})
