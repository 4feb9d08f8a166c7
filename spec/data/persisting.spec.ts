// A store in memory that is kept in files: when it is loaded and saved, and that a failed save is reported and retried.
import { expect } from 'chai'
import { deferred } from '../../lib/core/base/deferred.ts'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import type { Persistence } from '../../lib/features/data/data-options.ts'
import type { Database } from '../../lib/features/data/database.ts'
import { Persisting } from '../../lib/features/data/persisting.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

class FakeDatabase {
  readonly options: { persist: Persistence; directory: string | undefined; format: 'csv' | 'json' }
  readonly done: unknown[][] = []
  failure: Error | undefined
  /** A save settles after this. */
  gate: Promise<void> = Promise.resolve()

  constructor(persist: Persistence, directory: string | undefined) {
    this.options = { persist, directory, format: 'csv' }
  }

  async load(...args: readonly unknown[]): Promise<void> {
    this.done.push(['load', ...args])
    if (this.failure !== undefined) throw this.failure
  }

  async save(...args: readonly unknown[]): Promise<void> {
    this.done.push(['save', ...args])
    await this.gate
    if (this.failure !== undefined) throw this.failure
  }
}

const saved = ['save', 'here', { format: 'csv' }]

describe('Persisting', () => {
  let clock: VirtualClock
  let reported: unknown[][]
  let database: FakeDatabase

  const persisting = (persist: Persistence, directory: string | undefined = 'here'): Persisting => {
    clock = new VirtualClock()
    reported = []
    database = new FakeDatabase(persist, directory)
    const kit = { clock, report: (...args: unknown[]) => void reported.push(args) }
    return new Persisting(database as unknown as Database, kit as unknown as ServerKit)
  }

  it('loads in place of what is there', async () => {
    await persisting('shutdown').load()
    expect(database.done).to.deep.equal([['load', 'here', { format: 'csv', replace: true }]])
  })

  it('loads and saves nothing without a directory', async () => {
    const own = persisting('shutdown')
    database.options.directory = undefined
    await own.load()
    await own.stop()
    expect([database.done, reported]).to.deep.equal([[], []])
  })

  it('saves at the end only, or never', async () => {
    for (const [persist, expected] of [
      ['shutdown', [saved]],
      [false, []],
    ] as const) {
      const own = persisting(persist)
      await own.load()
      database.done.length = 0
      own.start()
      expect(clock.pendingCount).to.equal(0)
      await own.stop()
      expect(database.done).to.deep.equal(expected)
    }
  })

  it('saves again and again, from the end of one save to the next', async () => {
    const own = persisting({ everyMs: 100 })
    await own.load()
    database.done.length = 0
    const gate = deferred<void>()
    own.start()
    await clock.advance(99)
    expect(database.done).to.deep.equal([])
    database.gate = gate.promise
    await clock.advance(1)
    expect(database.done).to.deep.equal([saved])
    await clock.advance(1_000)
    expect(database.done).to.have.length(1)
    gate.resolve()
    await settle()
    await clock.advance(100)
    expect(database.done).to.have.length(2)
    await own.stop()
    expect(database.done).to.have.length(3)
    expect(clock.pendingCount).to.equal(0)
  })

  it('reports a failed save, and tries it the next time', async () => {
    const own = persisting({ everyMs: 100 })
    await own.load()
    database.failure = new Error('full')
    own.start()
    await clock.advance(100)
    expect(reported).to.deep.equal([[database.failure, 'saving data to here']])
    await clock.advance(100)
    expect(reported).to.have.length(2)
    await own.stop()
    expect(reported).to.have.length(3)
  })

  it('waits at the end for a save that runs, and sets no timer after it', async () => {
    const own = persisting({ everyMs: 100 })
    await own.load()
    database.done.length = 0
    const gate = deferred<void>()
    database.gate = gate.promise
    own.start()
    await clock.advance(100)
    const stopping = own.stop()
    await settle()
    expect(database.done).to.deep.equal([saved])
    gate.resolve()
    await stopping
    expect(database.done).to.deep.equal([saved, saved])
    own.start()
    expect(clock.pendingCount).to.equal(0)
  })

  it('leaves files alone that could not be loaded', async () => {
    const own = persisting('shutdown')
    database.failure = new Error('broken')
    expect(await failureOf(own.load())).to.equal(database.failure)
    database.done.length = 0
    await own.stop()
    expect(database.done).to.deep.equal([])
  })
})
