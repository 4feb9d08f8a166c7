// What the records of a session answer: what a row says of a call, what its key says, and what nobody can say.
import { expect } from 'chai'
import { BusyError } from '../../../lib/core/base/errors.ts'
import type { RecordedAnswer } from '../../../lib/core/session/call-records.ts'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { type Found, NotOurs } from '../../../lib/features/data/durable/answer-rows.ts'
import type { Run } from '../../../lib/features/data/durable/durable-store.ts'
import type { CallKey, FoundKey } from '../../../lib/features/data/durable/key-rows.ts'
import { type RecordsHome, SessionRecords } from '../../../lib/features/data/durable/session-records.ts'
import { failureOf } from '../../setup/world.ts'

const key: CallKey = { hash: Uint8Array.of(1), fingerprint: Uint8Array.of(2) }
const result = (value: string, seq = 5): RecordedAnswer => ({
  answer: { kind: Kind.Result, seq, items: 0, value },
  items: [],
})
/** The text of an answer: its value, or its error and whether it never started. */
const textOf = ({ answer }: RecordedAnswer): unknown =>
  answer.kind === Kind.Result ? answer.value : `${answer.error}${answer.notStarted ? ' (not started)' : ''}`

describe('The records of a session', () => {
  /** What the rows say; a function may throw. */
  const rows = {
    found: (): Found | undefined => undefined,
    starts: (): boolean => true,
    keyStarts: (): boolean => true,
    ends: (): boolean => true,
    keyEnds: (): boolean => true,
    keyFound: (): FoundKey | undefined => undefined,
    records: (): void => undefined,
  }
  const usual = { ...rows }
  let overs: number
  let home: RecordsHome
  let records: SessionRecords

  beforeEach(() => {
    Object.assign(rows, usual)
    overs = 0
    const run: Run = async () => []
    home = {
      answers: {
        find: async () => rows.found(),
        start: async () => rows.starts(),
        end: async () => rows.ends(),
        record: async () => rows.records(),
        probe: async () => rows.records(),
        writing: () => ({ sql: 'insert', values: [] }),
      },
      keys: {
        start: async () => rows.keyStarts(),
        end: async () => rows.keyEnds(),
        find: async () => rows.keyFound(),
        writing: () => ({ sql: 'insert key', values: [] }),
      },
      commits: { add: (work: (run: Run) => Promise<unknown>) => work(run) },
      counts: { commits: 0, replays: 0, adoptions: 0, unknowns: 0 },
      kindOf: () => 'recorded',
      encode: (error: Error) => error.message,
      maxKeptBytes: 1024,
      settling: () => undefined,
      onOver: () => overs++,
    } as unknown as RecordsHome
    records = new SessionRecords(home, { id: 'a session', generation: 1 }, 16)
  })

  describe('of a call that may have run elsewhere', () => {
    it('give what its row has, and count it', async () => {
      rows.found = () => result('kept')
      expect(textOf((await records.find(5)) as RecordedAnswer)).to.equal('kept')
      expect(home.counts).to.include({ replays: 1, unknowns: 0, commits: 0 })
    })

    it('give nothing where it has no row', async () => {
      expect(await records.find(5)).to.equal(undefined)
      expect(home.counts.replays).to.equal(0)
    })

    it('do not know what became of it where it was cut, runs elsewhere, or is long settled', async () => {
      for (const [found, text, unknowns, isOver] of [
        ['cut', /^it is unknown what became of the call: it had started at a server that is gone$/, 1, 0],
        ['running', /the call: the store cannot say, or another server has the session$/, 0, 1],
        ['later', /the call: the store cannot say/, 0, 0],
      ] as const) {
        rows.found = () => found
        home.counts.unknowns = 0
        overs = 0
        expect(textOf((await records.find(5)) as RecordedAnswer), found).to.match(text)
        expect([home.counts.unknowns, overs], found).to.deep.equal([unknowns, isOver])
      }
    })
  })

  describe('of a durable call that starts', () => {
    it('let it run once its start is recorded', async () => {
      expect(await records.start(5, 'Pay', key)).to.equal(undefined)
      expect(await records.start(6, 'Pay')).to.equal(undefined)
    })

    it('give the answer of its row where it has one', async () => {
      rows.starts = () => false
      rows.found = () => result('kept')
      expect(textOf((await records.start(5, 'Pay', key)) as RecordedAnswer)).to.equal('kept')
    })

    it('give what its key says', async () => {
      rows.keyStarts = () => false
      for (const [found, text] of [
        [result('of the key'), /^of the key$/],
        ['reused', /key.* \(not started\)$/],
        [
          'cut',
          /^it is unknown what became of action "Pay": a call with its key was running at a server that is gone$/,
        ],
      ] as const) {
        rows.keyFound = () => found
        expect(textOf((await records.start(5, 'Pay', key)) as RecordedAnswer)).to.match(text)
      }
      expect(home.counts).to.include({ replays: 1, unknowns: 1 })
    })

    it('refuse it while another call with its key runs, or has just ended', async () => {
      rows.keyStarts = () => false
      for (const found of ['running', undefined] as const) {
        rows.keyFound = () => found
        const error = await failureOf(records.start(5, 'Pay', key))
        expect(error, String(found)).to.be.instanceOf(BusyError)
        expect(error.message).to.equal('another call with this key is running')
      }
    })

    it('end it where the session is over', async () => {
      rows.starts = () => {
        throw new NotOurs('session over')
      }
      expect(textOf((await records.start(5, 'Pay')) as RecordedAnswer)).to.match(/"Pay": the store cannot say/)
      expect(overs).to.equal(1)
    })

    it('pass on what the store says', async () => {
      rows.starts = () => {
        throw new Error('away')
      }
      expect((await failureOf(records.start(5, 'Pay', key))).message).to.equal('away')
    })
  })

  describe('of a durable call that has ended', () => {
    it('give its answer once that is recorded', async () => {
      expect(textOf(await records.end(5, 'Pay', result('done'), key))).to.equal('done')
      expect(home.counts.commits).to.equal(1)
    })

    it('give what its row says where that does not say any more that it runs, or its key does not', async () => {
      rows.found = () => result('of another')
      rows.ends = () => false
      expect(textOf(await records.end(5, 'Pay', result('done'), key))).to.equal('of another')
      rows.ends = () => true
      rows.keyEnds = () => false
      expect(textOf(await records.end(5, 'Pay', result('done'), key))).to.equal('of another')
      expect(home.counts.commits).to.equal(0)
    })

    it('pass on what the store says', async () => {
      rows.ends = () => {
        throw new Error('away')
      }
      expect((await failureOf(records.end(5, 'Pay', result('done')))).message).to.equal('away')
    })
  })

  describe('of an answer that is recorded by itself', () => {
    it('give it, or the one that counts', async () => {
      expect(textOf(await records.recordAll(5, 'Pay', result('ours')))).to.equal('ours')
      expect(await records.probe(5, 'Pay', result('ours'))).to.equal(undefined)
      expect(home.counts.commits).to.equal(1)
      rows.records = () => {
        throw new NotOurs('answered')
      }
      rows.found = () => result('theirs')
      expect(textOf(await records.recordAll(5, 'Pay', result('ours')))).to.equal('theirs')
      expect(textOf((await records.probe(5, 'Pay', result('ours'))) as RecordedAnswer)).to.equal('theirs')
    })

    it('give that of its key where that is taken, and nothing where it has no key', async () => {
      rows.records = () => {
        throw new NotOurs('key taken')
      }
      rows.keyFound = () => result('of the key')
      expect(textOf(await records.recordAll(5, 'Pay', result('ours'), key))).to.equal('of the key')
      expect(textOf(await records.recordAll(5, 'Pay', result('ours')))).to.match(/the store cannot say/)
    })

    it('end the session that is over', async () => {
      rows.records = () => {
        throw new NotOurs('session over')
      }
      rows.found = () => result('must not be looked for')
      expect(textOf(await records.recordAll(5, 'Pay', result('ours')))).to.match(/another server has the session/)
      expect(overs).to.equal(1)
    })

    it('pass on what the store says', async () => {
      rows.records = () => {
        throw new Error('away')
      }
      expect((await failureOf(records.recordAll(5, 'Pay', result('ours')))).message).to.equal('away')
      expect((await failureOf(records.probe(5, 'Pay', result('ours')))).message).to.equal('away')
    })
  })
})
