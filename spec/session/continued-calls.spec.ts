// The calls of a client that another server has, cell by cell: which are lost, which only ask, and what a first failure means.
import { expect } from 'chai'
import { ContinuedCalls } from '../../lib/core/session/continued-calls.ts'
import { OutgoingCall } from '../../lib/core/session/outgoing-call.ts'
import { type FailureFrame, Kind } from '../../lib/core/wire/frames/frame.ts'
import { ClientError, OutcomeUnknownError } from '../../lib/index.ts'

const reason = new ClientError('another server has the session')

interface Given {
  readonly isIdempotent?: boolean
  readonly isTransactional?: true
  readonly items?: boolean
  readonly isFed?: boolean
  readonly key?: string
  readonly state?: OutgoingCall['state']
  readonly retries?: number
}

class FakeCall extends OutgoingCall {
  constructor({ isIdempotent = false, isTransactional, items, isFed, key, state = 'sent', retries = 1 }: Given) {
    super(
      {
        name: 'Work',
        addressee: '',
        order: 1,
        contract: undefined,
        metadata: key === undefined ? undefined : { key },
        data: new Uint8Array(0),
        isIdempotent,
        ...(isTransactional === undefined ? {} : { isTransactional }),
      },
      { retries, timeoutMs: 1_000, deadlineAtMs: 1_000, isDeadlineShared: true },
    )
    this.state = state
    if (items === true) this.items = {} as never
    if (isFed !== undefined) this.input = { isFed } as never
  }

  override onItemsOpened(): void {}
  override onSettled(): void {}
  override onRetry(): void {}
  override onRefused(): boolean {
    return false
  }
  override saysUnknown(failure: Uint8Array): boolean {
    return failure.length === 1
  }
}

const failure = ({ notStarted = false, isUnknown = false } = {}): FailureFrame => ({
  kind: Kind.Failure,
  seq: 1,
  items: 0,
  notStarted,
  error: new Uint8Array(isUnknown ? 1 : 2),
})

describe('A call that another server has', () => {
  let continued: ContinuedCalls

  beforeEach(() => {
    continued = new ContinuedCalls(reason, { ignoresKeyOf: ({ metadata }) => metadata?.['key'] === 'ignored' })
  })

  /** A call that is continued. */
  function add(given: Given = {}): FakeCall {
    const call = new FakeCall(given)
    expect(continued.addAll([call])).to.deep.equal([])
    return call
  }

  it('is lost where items came of one that is idempotent, and no other', () => {
    const lost = new FakeCall({ isIdempotent: true, items: true })
    const kept = [
      new FakeCall({ isIdempotent: true }),
      new FakeCall({ items: true }),
      new FakeCall({ isIdempotent: true, isTransactional: true, items: true }),
    ]
    const found = continued.addAll([...kept, lost])
    expect(found.map(([call]) => call)).to.deep.equal([lost])
    expect(found[0]?.[1]).to.be.instanceOf(OutcomeUnknownError)
    expect(found[0]?.[1].cause).to.equal(reason)
    expect([...kept, lost].map((call) => continued.mayLackItems(call, 0))).to.deep.equal([true, true, true, false])
  })

  it('is none of these where it is over for its user', () => {
    for (const state of ['abandoned', 'settled'] as const) {
      const call = new FakeCall({ isIdempotent: true, items: true, state })
      expect(continued.addAll([call])).to.deep.equal([])
      expect(continued.mayLackItems(call, 0)).to.equal(false)
    }
    expect(continued.addAll([new FakeCall({ isIdempotent: true, items: true, state: 'waiting' })])).to.have.length(1)
  })

  it('only asks where its input was fed, or its key would be ignored', () => {
    expect(continued.onlyAsks(add())).to.equal(false)
    expect(continued.onlyAsks(add({ isFed: false, key: 'known' }))).to.equal(false)
    expect(continued.onlyAsks(add({ isFed: true }))).to.equal(true)
    expect(continued.onlyAsks(add({ key: 'ignored' }))).to.equal(true)
    expect(continued.onlyAsks(new FakeCall({ isFed: true })), 'not continued').to.equal(false)
  })

  it('may lack all of its items, not some', () => {
    const call = add()
    expect([continued.mayLackItems(call, 0), continued.mayLackItems(call, 1)]).to.deep.equal([true, false])
  })

  describe('and has failed', () => {
    it('never ran where it only asked, was not started, and its effect would be recorded; else nobody knows', () => {
      const recorded = continued.judge(add({ isFed: true, isTransactional: true }), failure({ notStarted: true }))
      expect(recorded).to.include({ notStarted: true, cause: reason })
      const other = continued.judge(add({ isFed: true }), failure({ notStarted: true }))
      expect(other).to.be.instanceOf(OutcomeUnknownError)
      expect(other).to.include({ cause: reason })
    })

    it('has its own failure where it asked for an answer that there is', () => {
      expect(continued.judge(add({ isFed: true, isTransactional: true }), failure())).to.equal(undefined)
    })

    it('runs again where nobody knows, and it may', () => {
      const call = add({ isIdempotent: true })
      expect(continued.judge(call, failure({ isUnknown: true }))).to.equal('again')
      expect(call.reruns).to.equal(1)
      for (const given of [{}, { isIdempotent: true, isFed: true }, { isIdempotent: true, state: 'waiting' as const }])
        expect(continued.judge(add(given), failure({ isUnknown: true })), JSON.stringify(given)).to.equal(undefined)
      expect(continued.judge(add({ isIdempotent: true }), failure())).to.equal(undefined)
      const refused = failure({ notStarted: true, isUnknown: true })
      expect(continued.judge(add({ isIdempotent: true }), refused)).to.equal(undefined)
    })

    it('runs again no more often than it may', () => {
      const call = add({ isIdempotent: true, retries: 1 })
      call.reruns = 2
      expect(continued.judge(call, failure({ isUnknown: true }))).to.equal(undefined)
    })

    it('is judged once', () => {
      const call = add({ isIdempotent: true })
      continued.judge(call, failure())
      expect(continued.judge(call, failure({ isUnknown: true }))).to.equal(undefined)
      expect(continued.mayLackItems(call, 0)).to.equal(false)
    })

    it('is not judged where it was answered before, or is not continued', () => {
      const call = add({ isIdempotent: true })
      continued.delete(call)
      expect(continued.mayLackItems(call, 0)).to.equal(false)
      expect(continued.judge(call, failure({ isUnknown: true }))).to.equal(undefined)
      expect(continued.judge(new FakeCall({ isIdempotent: true }), failure({ isUnknown: true }))).to.equal(undefined)
    })
  })
})
