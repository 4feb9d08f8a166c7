// The results that a session keeps in its store: dropped when the client has them, and bounded.
import { expect } from 'chai'
import { Action, BusyError, type Client, type Context } from 'isock'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { durableStore } from '../../../lib/features/data/database.ts'
import type { SlotSize } from '../../../lib/features/data/durable/answer-rows.ts'
import { KeptBytes } from '../../../lib/features/data/durable/kept-bytes.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf } from '../../setup/world.ts'
import { describeInLasting, lastingStores, type TestStore } from '../stores.ts'
import { Entry, Place, type Running } from './shop.ts'

const KiB = 1024

describe('the bytes of results in the store', () => {
  let dropped: SlotSize[][]
  let isAway: boolean

  beforeEach(() => {
    dropped = []
    isAway = false
  })

  const kept = (adopted: readonly SlotSize[] = []): KeptBytes => {
    const drop = async (results: readonly SlotSize[]): Promise<void> => {
      if (isAway) throw new Error('away')
      dropped.push([...results])
    }
    return new KeptBytes({ maxBytes: 1024 * KiB, slotCount: 100, drop }, adopted)
  }
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const seqs = (): number[][] => dropped.map((results) => results.map(({ seq }) => seq))

  it('are dropped in one batch when they are acknowledged, if they are large', async () => {
    const bytes = kept()
    bytes.committed(1, 101, 65 * KiB)
    bytes.committed(2, 102, 65 * KiB)
    bytes.committed(3, 103, 64 * KiB)
    for (const slot of [1, 2, 3]) bytes.acknowledged(slot, 100 + slot)
    await settled()
    expect(seqs()).to.deep.equal([[101, 102]])
  })

  it('are dropped if they are small when many are kept', async () => {
    const bytes = kept()
    for (let slot = 0; slot < 9; slot++) bytes.committed(slot, 100 + slot, 60 * KiB)
    for (let slot = 0; slot < 9; slot++) bytes.acknowledged(slot, 100 + slot)
    await settled()
    expect(seqs().flat()).to.have.length(9)
  })

  it('refuse calls while the client has not acknowledged them', async () => {
    const bytes = kept()
    bytes.committed(1, 101, 1025 * KiB)
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    await settled()
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    isAway = true
    bytes.acknowledged(1, 101)
    await settled()
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    await settled()
    isAway = false
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    await settled()
    expect(bytes.refusal(true)).to.equal(undefined)
    expect(seqs()).to.deep.equal([[101]])
  })

  it('count once for a slot, and a late acknowledgement does not drop those of a later call', async () => {
    const bytes = kept()
    bytes.committed(1, 101, 1025 * KiB)
    bytes.committed(1, 201, 100 * KiB)
    expect(bytes.refusal(true)).to.equal(undefined)
    bytes.acknowledged(1, 101)
    await settled()
    expect(seqs()).to.deep.equal([])
  })

  it('of another server count until the first new call, except those that were asked for', async () => {
    const bytes = kept([
      { slot: 1, seq: 101, bytes: 600 * KiB },
      { slot: 2, seq: 102, bytes: 600 * KiB },
    ])
    bytes.claim(102)
    expect(bytes.refusal(false)).to.be.instanceOf(BusyError)
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    await settled()
    expect(seqs()).to.deep.equal([[101]])
    expect(bytes.refusal(true)).to.equal(undefined)
  })
})

class Large extends Action {
  static override transactional = true

  async action(size: number, { db }: Context): Promise<string> {
    await db.create(Entry, { note: 'large', amount: size })
    return 'x'.repeat(size)
  }
}

for (const kind of lastingStores)
  describeInLasting(kind, `large results, ${kind.name}`, () => {
    let store: TestStore
    let place: Place
    let running: Running
    let client: Client

    beforeEach(async function () {
      store = await kind.make(this)
      place = new Place(store.options)
      running = await place.serve({}, undefined, [new Large()])
      client = place.client()
    })

    afterEach(async () => {
      await place.close()
      await store.remove()
    })

    it('leave their rows without them when the client has acknowledged them', async () => {
      const size = 200 * KiB
      expect(await client.runAction(Large, size)).to.have.length(size)
      const rows = await running.server.db[durableStore]()
      const [id] = running.kit.sessions.map((session) => session.id)
      const select = `select seq, state, answer from ${rows.nameOf('isock_answer')} where session = ?`
      const found = async () => (await rows.read(select, [id ?? '']))[0]
      await waitFor(async () => (await found())?.['answer'] === null)
      const row = await found()
      expect([Number(row?.['seq']) > 0, Number(row?.['state'])]).to.deep.equal([true, 2])
      expect(await client.runAction(Large, 1)).to.equal('x')
    })

    it('that nobody acknowledges keep further calls from starting', async () => {
      const hasty = place.client({ retry: 0 })
      await hasty.runAction(Large, 1)
      const [session] = running.kit.sessions
      if (session === undefined) throw new Error('no session')
      const value = new Uint8Array(17 * 1024 * KiB)
      const answer = { kind: Kind.Result, seq: 1_500, items: 0, value } as const
      const records = await running.keeper.begin(session)
      records.committed(1_500, { answer, items: [] })
      const error = await failureOf(hasty.runAction(Large, 2))
      expect(error).to.be.instanceOf(BusyError)
      expect(error.message).to.match(/bytes of results in the store/)
      expect(await running.server.db.transaction((db) => db.count(Entry, { amount: 2 }))).to.equal(0)
      records.onAcknowledged(1_500)
      await waitFor(() => records.refusal(true) === undefined)
      expect(await hasty.runAction(Large, 2)).to.equal('xx')
    })
  })
