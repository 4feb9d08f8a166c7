// Pages of the calls of one session, of which its server's memory and the store know some each.
import { expect } from 'chai'
import { BusyError, ServerError } from 'isock'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import type { PageAfter, RecordedCall } from '../../lib/core/server/recorded-sessions.ts'
import { CallPages } from '../../lib/features/inspection/call-pages.ts'
import { failureOf } from '../setup/world.ts'

const id = 'abcdef0123456789abcdef0123456789'

/** A server with calls in memory, and a store with recorded ones. */
class Scene {
  /** seq by slot. */
  memory: (number | undefined)[] = []
  rows: RecordedCall[] = []
  sessions = [id]
  storeIds: string[] = []
  hasStore = true
  hasWall = true
  failure: unknown
  readonly asked: unknown[][] = []

  get pages(): CallPages {
    const recording = {
      node: 'own',
      idsOf: async (prefix: string) => {
        this.asked.push(['idsOf', prefix])
        if (this.failure !== undefined && this.storeIds.length === 0) throw this.failure
        return this.storeIds.filter((each) => each.startsWith(prefix))
      },
      calls: async (session: string, { after, limit }: PageAfter<number>) => {
        this.asked.push(['calls', session, after, limit])
        if (this.failure !== undefined) throw this.failure
        return this.rows.filter(({ slot }) => slot > after).slice(0, limit)
      },
    }
    const all = this.memory.map((seq) =>
      seq === undefined ? undefined : { seq, name: 'Buy', state: 'running', admittedAtMs: 990 },
    )
    const sessions = this.sessions.map((each) => ({ id: each, core: { asked: { calls: { all } } } }))
    const kit = {
      clock: { now: () => 1_000, wallNow: this.hasWall ? () => 50_000 : undefined },
      sessions,
      findSession: (sought: string) => sessions.find((each) => each.id === sought),
      sharedStore: this.hasStore ? { recordedSessions: () => recording } : undefined,
    }
    return new CallPages(kit as unknown as ServerKit)
  }

  async slots(after: number, limit: number) {
    const { answers, next } = await this.pages.read({ session: 'abcdef01', after, limit })
    return { seqs: answers.map(({ slot, seq, where }) => `${slot}:${seq} ${where}`), next }
  }
}

const row = (slot: number, seq: number, more: Partial<RecordedCall> = {}): RecordedCall => ({
  slot,
  seq,
  action: 'Pay',
  state: 'answered',
  outcome: 'value',
  bytes: 7,
  atMs: 49_000.4,
  ...more,
})

describe('The pages of calls', () => {
  let scene: Scene

  beforeEach(() => {
    scene = new Scene()
  })

  it('say all that is known of a call', async () => {
    scene.memory = [5]
    scene.rows = [
      row(1, 6),
      row(2, 7, { outcome: undefined, atMs: undefined, state: 'started' }),
      row(3, 8, { atMs: 60_000 }),
    ]
    expect(await scene.pages.read({ session: 'abcdef01', after: -1, limit: 9 })).to.deep.equal({
      session: 'abcdef0123456789',
      answers: [
        { seq: 5, slot: 0, action: 'Buy', ageMs: 10, state: 'started', bytes: 0, where: 'memory' },
        {
          seq: 6,
          slot: 1,
          action: 'Pay',
          state: 'answered',
          outcome: 'value',
          bytes: 7,
          where: 'store',
          ageMs: 1_000,
        },
        { seq: 7, slot: 2, action: 'Pay', state: 'started', bytes: 7, where: 'store' },
        { seq: 8, slot: 3, action: 'Pay', state: 'answered', outcome: 'value', bytes: 7, where: 'store', ageMs: 0 },
      ],
    })
    expect(scene.asked).to.deep.equal([
      ['idsOf', 'abcdef01'],
      ['calls', id, -1, 10],
    ])
  })

  it('take the time of the platform where the clock has no calendar', async () => {
    scene.hasWall = false
    scene.rows = [row(0, 1, { atMs: Date.now() + 3_600_000 }), row(1, 2, { atMs: 0 })]
    const { answers } = await scene.pages.read({ session: id, after: -1, limit: 9 })
    expect(answers[0]?.ageMs).to.equal(0)
    expect(answers[1]?.ageMs).to.be.above(1_600_000_000_000)
  })

  it('have those of memory only, if there is no store', async () => {
    scene.hasStore = false
    scene.memory = [5, undefined, 7]
    expect(await scene.slots(-1, 9)).to.deep.equal({ seqs: ['0:5 memory', '2:7 memory'], next: undefined })
    expect(await scene.slots(-1, 1)).to.deep.equal({ seqs: ['0:5 memory'], next: 0 })
    expect(await scene.slots(0, 1)).to.deep.equal({ seqs: ['2:7 memory'], next: undefined })
  })

  it('have a call once that is recorded, and both calls of a slot, by their numbers', async () => {
    scene.memory = [5, 16, 7]
    scene.rows = [row(0, 5), row(1, 6), row(2, 17)]
    expect((await scene.slots(-1, 9)).seqs).to.deep.equal([
      '0:5 store',
      '1:6 store',
      '1:16 memory',
      '2:7 memory',
      '2:17 store',
    ])
  })

  it('have both calls of a slot, or none', async () => {
    scene.memory = [undefined, 16]
    scene.rows = [row(0, 5), row(1, 6), row(2, 7)]
    expect(await scene.slots(-1, 4)).to.deep.equal({
      seqs: ['0:5 store', '1:6 store', '1:16 memory', '2:7 store'],
      next: undefined,
    })
    expect(await scene.slots(-1, 3)).to.deep.equal({ seqs: ['0:5 store', '1:6 store', '1:16 memory'], next: 1 })
    expect(await scene.slots(-1, 2)).to.deep.equal({ seqs: ['0:5 store'], next: 0 })
    // A page of one call has both, because it would have none.
    expect(await scene.slots(0, 1)).to.deep.equal({ seqs: ['1:6 store', '1:16 memory'], next: 1 })
    expect(await scene.slots(1, 1)).to.deep.equal({ seqs: ['2:7 store'], next: undefined })
  })

  it('leave out those of memory beyond the last that was read of the store', async () => {
    scene.memory = [undefined, undefined, 17, 8, 9]
    scene.rows = [row(0, 5), row(1, 6), row(2, 7), row(3, 8), row(4, 9)]
    expect(await scene.slots(-1, 2)).to.deep.equal({ seqs: ['0:5 store', '1:6 store'], next: 1 })
    expect(await scene.slots(1, 2)).to.deep.equal({ seqs: ['2:7 store', '2:17 memory'], next: 2 })
    scene.memory = [undefined, undefined, undefined, undefined, 19]
    scene.rows = [row(0, 5), row(2, 6)]
    expect(await scene.slots(-1, 2)).to.deep.equal({ seqs: ['0:5 store', '2:6 store'], next: 2 })
  })

  it('are of the one session that begins with the digits, here or in the store', async () => {
    scene.storeIds = [id]
    expect(await scene.pages.read({ session: 'abcdef01', after: -1, limit: 1 })).to.deep.equal({
      session: 'abcdef0123456789',
      answers: [],
    })
    scene.sessions = ['0abcdef01']
    expect((await scene.pages.read({ session: 'abcdef01', after: -1, limit: 1 })).session).to.equal('abcdef0123456789')
  })

  it('are an error where no session begins with the digits, or several do', async () => {
    const none = await failureOf(scene.pages.read({ session: 'ffff', after: -1, limit: 1 }))
    expect(none).to.be.instanceOf(ServerError)
    expect(none).to.include({
      message: 'no session begins with "ffff", here or in the store',
      code: 'UNKNOWN_SESSION',
      notStarted: true,
    })
    scene.storeIds = ['abcdef0199']
    const several = await failureOf(scene.pages.read({ session: 'abcdef01', after: -1, limit: 1 }))
    expect(several).to.include({
      message: 'several sessions begin with "abcdef01"; give more digits',
      code: 'BAD_REQUEST',
      notStarted: true,
    })
  })

  it('are an error where the store does not answer', async () => {
    for (const [failure, reason, storeIds] of [
      [new Error('away'), 'away', []],
      ['gone', 'gone', []],
      [new Error('away'), 'away', [id]],
    ] as const) {
      Object.assign(scene, { failure, storeIds: [...storeIds] })
      const error = await failureOf(scene.pages.read({ session: 'abcdef01', after: -1, limit: 1 }))
      expect(error).to.be.instanceOf(BusyError)
      expect(error.message).to.equal(`the store of sessions did not answer: ${reason}`)
    }
  })
})
