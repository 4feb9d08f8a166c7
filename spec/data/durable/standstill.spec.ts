// Servers that stand still and wake up while others have taken over their sessions: whatever each caller was told of its call is true, also
// later. Runs of one call differ: one may write where another one throws.
import { expect } from 'chai'
import { Action, ActionError, CancelledError, type Context } from 'isock'
import { SeededRandom } from '../../../lib/testing/seeded-random.ts'
import { sizeOf } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { describeInLasting, lastingStores, type TestStore } from '../stores.ts'
import { Entry, Place, type Running } from './shop.ts'

const seeds = Number(process.env['ISOCK_STANDSTILLS'] ?? sizeOf({ all: 8, few: 1 }))
const changes = 6
const lanes = 6

class Unlucky extends ActionError {}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Takes its time before it writes, after it wrote, and may throw, each time anew. */
class Try extends Action {
  static override transactional = true
  static override errors = [Unlucky]
  readonly #random: SeededRandom
  readonly #isStanding: () => Promise<void>

  constructor(random: SeededRandom, isStanding: () => Promise<void>) {
    super()
    this.#random = random
    this.#isStanding = isStanding
  }

  async action(note: string, { db }: Context): Promise<string> {
    if (this.#random.next() < 0.4) await pause(this.#random.next() * 15)
    await this.#isStanding()
    const willThrow = this.#random.next() < 0.25
    if (!willThrow || this.#random.next() < 0.5) await db.create(Entry, { note, amount: 1 })
    if (willThrow) throw new Unlucky(note)
    return note
  }
}

for (const kind of lastingStores)
  describeInLasting(kind, `servers that stand still, ${kind.name}`, () => {
    let store: TestStore

    beforeEach(async function () {
      store = await kind.make(this)
    })

    afterEach(() => store.remove())

    for (let seed = 1; seed <= seeds; seed++)
      it(`tell their callers what is true, seed ${seed}`, async function () {
        this.timeout(600_000)
        const random = new SeededRandom(seed)
        const place = new Place({ ...store.options, waitMs: 20_000 })
        const standing: (() => void)[] = []
        const serve = async (): Promise<Running> => {
          let still: Promise<void> | undefined
          const running = await place.serve({}, undefined, [new Try(random, async () => still)])
          standing.push(() => {
            // Those that come after this wait; those that have passed go on, and commit or not.
            still = pause(100 + random.next() * 400)
          })
          return running
        }
        try {
          let running = await serve()
          const client = place.client({ retry: 1_000, patienceMs: 300_000 })
          const told = new Map<string, 'ok' | 'threw' | 'cancelled' | string>()
          let isOver = false
          const lane = async (number: number): Promise<void> => {
            for (let i = 0; !isOver; i++) {
              const note = `${number}-${i}`
              const call = client.runAction<string>('Try', note, { timeoutMs: 300_000 })
              if (random.next() < 0.1) setTimeout(() => call.cancel(), random.next() * 30)
              const outcome = await call.outcome()
              if (outcome.ok) told.set(note, 'ok')
              else if (outcome.error instanceof CancelledError) told.set(note, 'cancelled')
              else told.set(note, (outcome.error as Error).name === 'Unlucky' ? 'threw' : String(outcome.error))
            }
          }
          const lanesDone = Array.from({ length: lanes }, (_, number) => lane(number))
          for (let i = 0; i < changes; i++) {
            const before = told.size
            await waitFor(() => told.size >= before + 2 * lanes, { timeoutMs: 300_000 })
            standing.at(-1)?.()
            await pause(random.next() * 20)
            place.leave()
            running = await serve()
          }
          isOver = true
          await Promise.all(lanesDone)
          // Until all that stood still have gone on.
          await pause(600)
          const entries = await running.server.db.transaction((db) => db.query(Entry))
          const counts = new Map<string, number>()
          for (const { note } of entries) counts.set(note, (counts.get(note) ?? 0) + 1)
          const untrue = [...told].filter(([note, word]) => {
            const count = counts.get(note) ?? 0
            if (word === 'ok') return count !== 1
            if (word === 'threw') return count !== 0
            return word !== 'cancelled' || count > 1
          })
          expect(untrue).to.deep.equal([])
          expect(told.size).to.be.greaterThan(changes * lanes)
          expect(running.data.transactions?.adoptions).to.equal(1)
        } finally {
          await place.close()
        }
      })
  })
