// What the base takes of its platform: Node's timers, clocks and contexts, and what stands in for them where there are none.
// A module is loaded alone here, with the globals of another platform.
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { expect } from 'chai'
import { build } from 'esbuild'
import type * as contexts from '../../lib/core/base/async-context.ts'
import { platformClock } from '../../lib/core/base/clock.ts'
import * as timers from '../../lib/core/base/platform-timers.ts'

async function loadWith<Module>(name: string, globals: object): Promise<Module> {
  const entry = fileURLToPath(new URL(`../../lib/core/base/${name}.ts`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'it',
  })
  return runInContext(`${outputFiles[0]?.text}; it`, createContext(globals)) as Module
}

const { performance, setTimeout, clearTimeout, queueMicrotask } = globalThis
const ofBrowsers = { performance, setTimeout, clearTimeout, queueMicrotask }

describe('The timers of the platform', () => {
  it("are Node's own", () => {
    expect(timers.setImmediate).to.equal(globalThis.setImmediate)
    expect(timers.nextTick).to.equal(process.nextTick)
  })

  it('have others in their place in a browser', async () => {
    const delays: unknown[] = []
    const setLater = (run: () => void, delayMs: number): void => {
      delays.push(delayMs)
      run()
    }
    const loaded = await loadWith<typeof timers>('platform-timers', { ...ofBrowsers, setTimeout: setLater })
    let runs = 0
    loaded.setImmediate(() => runs++)
    expect([runs, delays]).to.deep.equal([1, [0]])
    expect(loaded.nextTick).to.equal(queueMicrotask)
    expect(loaded.monotonicNow()).to.be.a('number')
  })
})

describe('The clock of the platform', () => {
  const running = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

  it('has timers that keep the process alive only where they are asked to', () => {
    const before = running()
    const timer = platformClock.setTimer(() => undefined, 60_000)
    expect(running()).to.equal(before)
    timer.keepProcessAlive(true)
    expect(running()).to.equal(before + 1)
    timer.keepProcessAlive(false)
    expect(running()).to.equal(before)
    timer.keepProcessAlive(true)
    timer.cancel()
    timer.cancel()
    expect(running()).to.equal(before)
  })

  it('waits for more than a timer of the platform can', async () => {
    let isEarly = false
    const set = [2 ** 31, Number.POSITIVE_INFINITY].map((delayMs) =>
      platformClock.setTimer(() => {
        isEarly = true
      }, delayMs),
    )
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(isEarly).to.equal(false)
    for (const timer of set) timer.cancel()
  })

  it('lets sockets have their turn and no more', async () => {
    const order = await new Promise<string[]>((resolve) => {
      const ran: string[] = []
      platformClock.afterSockets?.(() => ran.push('sockets'))
      setImmediate(() => resolve([...ran, 'next']))
    })
    expect(order).to.deep.equal(['sockets', 'next'])
  })

  it('waits for a page that was thawed, and takes timers that are numbers, in a browser', async () => {
    const delays: number[] = []
    const setLater = (_run: () => void, delayMs: number): number => delays.push(delayMs)
    const loaded = await loadWith<{ platformClock: typeof platformClock }>('clock', {
      ...ofBrowsers,
      setTimeout: setLater,
    })
    loaded.platformClock.afterSockets?.(() => undefined)
    for (const delayMs of [-5, 5, Number.POSITIVE_INFINITY]) {
      const timer = loaded.platformClock.setTimer(() => undefined, delayMs)
      timer.keepProcessAlive(true)
      timer.keepProcessAlive(false)
    }
    expect(delays).to.deep.equal([50, 0, 5, 2 ** 31 - 1])
  })

  it('knows the calendar', () => {
    expect(Math.abs((platformClock.wallNow?.() ?? 0) - Date.now())).to.be.below(60_000)
  })
})

/** Contexts as Node has had them: a resource carries each store, and `enterWith` writes to the one that runs. */
class Resource {
  static running: Record<symbol, unknown> = {}
  static made = 0
  static readonly frame = Symbol('context_frame')
  static readonly asyncId = Symbol('async_id_symbol')
  readonly [key: symbol]: unknown

  constructor(_type: string, { requireManualDestroy }: { readonly requireManualDestroy: boolean }) {
    if (!requireManualDestroy) throw new Error('it would be told to nobody that this one is destroyed')
    Resource.made++
    Object.assign(this, Resource.running, { [Resource.asyncId]: Resource.made })
  }

  runInAsyncScope(run: (...args: unknown[]) => unknown, self: undefined, ...args: unknown[]): unknown {
    const before = Resource.running
    Resource.running = this
    try {
      return run.call(self, ...args)
    } finally {
      Resource.running = before
    }
  }
}

describe('The asynchronous contexts of the platform', () => {
  const store = Symbol('store')
  type Contexts = typeof contexts
  const nodeWith = (AsyncResource: typeof Resource) => ({
    process: { getBuiltinModule: (name: string) => (name === 'node:async_hooks' ? { AsyncResource } : undefined) },
  })

  afterEach(() => {
    Resource.running = {}
  })

  for (const [where, globals] of [
    ['a browser', {}],
    ['an older Node', { process: {} }],
    ['what has a process of its own', { process: { getBuiltinModule: () => undefined } }],
  ] as const)
    it(`are none in ${where}: functions are simply called`, async () => {
      const { asyncHooks, runClean, keepContext } = await loadWith<Contexts>('async-context', globals)
      expect(asyncHooks).to.equal(undefined)
      expect(runClean((n: number) => n + 1, 1)).to.equal(2)
      const run = (): void => undefined
      expect(keepContext(run)).to.equal(run)
    })

  it('are clean, and forget what is entered, where resources carry the stores', async () => {
    Resource.running = { [store]: 'who loads' }
    const { runClean } = await loadWith<Contexts>('async-context', nodeWith(Resource))
    Resource.running = { [store]: 'mine' }
    const seen = (): unknown => Resource.running[store]
    const entering = (given: string): string => {
      Resource.running[store] = 'left behind'
      return given
    }
    expect(runClean(seen, undefined)).to.equal(undefined)
    expect(runClean(entering, 'handed in')).to.equal('handed in')
    expect(runClean(seen, undefined)).to.equal(undefined)
    expect(seen()).to.equal('mine')
  })

  it('need no resource for each call where a frame carries the stores', async () => {
    Resource.running = { [Resource.frame]: 'who loads' }
    const { runClean } = await loadWith<Contexts>('async-context', nodeWith(Resource))
    const made = Resource.made
    expect(runClean(() => Resource.running[Resource.frame], undefined)).to.equal(undefined)
    expect(runClean((n: number) => n + 1, 1)).to.equal(2)
    expect(runClean(() => Resource.running[Resource.asyncId], undefined)).to.be.a('number')
    expect(Resource.made).to.equal(made)
  })
})
