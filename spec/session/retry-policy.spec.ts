// The table of what a fault means for a call, cell by cell, and what may be claimed of its handler.
import { expect } from 'chai'
import type { Fault } from '../../lib/core/session/fault.ts'
import { type Decision, decide, spendRetry, type TriedCall, truthful } from '../../lib/core/session/retry-policy.ts'
import {
  BusyError,
  CancelledError,
  ClientError,
  DeadlineError,
  OutcomeUnknownError,
  ServerError,
} from '../../lib/index.ts'

type Column = 'waiting' | 'sent' | 'sent, idempotent' | 'sent, streams moved'

const reason = new ClientError('the fault')

interface HeardCall extends TriedCall {
  /** What it was notified of. */
  readonly heard: { fault: Fault; reason: unknown }[]
}

function callOf(column: Column, retries: number): HeardCall {
  const isIdempotent = column === 'sent, idempotent'
  return {
    state: column === 'waiting' ? 'waiting' : 'sent',
    canResend: column === 'sent' || isIdempotent,
    request: { name: 'Work', isIdempotent },
    retries,
    faults: 0,
    reruns: 0,
    heard: [],
    onRetry(fault, reason) {
      this.heard.push({ fault, reason })
    },
  }
}

/** What is decided while there are retries, what it costs, and what is decided when none is left. */
type Cell = readonly [decision: Decision, cost: number, withoutRetries: Decision]

const unknown: Cell = ['outcome unknown', 0, 'outcome unknown']
const table: Readonly<Record<Fault, Partial<Record<Column, Cell>>>> = {
  'cannot connect': {
    waiting: ['keep', 1, 'unreachable'],
    sent: ['keep', 1, 'outcome unknown'],
    'sent, idempotent': ['keep', 1, 'outcome unknown'],
    'sent, streams moved': ['keep', 1, 'outcome unknown'],
  },
  'cannot resume': {
    waiting: ['keep', 0, 'keep'],
    sent: ['keep', 1, 'outcome unknown'],
    'sent, idempotent': ['keep', 0, 'keep'],
    'sent, streams moved': ['keep', 1, 'outcome unknown'],
  },
  'link lost': {
    waiting: ['keep', 0, 'keep'],
    sent: ['keep', 1, 'outcome unknown'],
    'sent, idempotent': ['keep', 1, 'outcome unknown'],
    'sent, streams moved': ['keep', 1, 'outcome unknown'],
  },
  'session lost': {
    waiting: ['keep', 0, 'keep'],
    sent: unknown,
    'sent, idempotent': ['resend', 0, 'resend'],
    'sent, streams moved': unknown,
  },
  'server left': {
    waiting: ['keep', 0, 'keep'],
    sent: ['resend', 1, 'never started'],
    'sent, idempotent': ['resend', 1, 'never started'],
    'sent, streams moved': ['never started', 0, 'never started'],
  },
  'refused as busy': {
    sent: ['delay', 0, 'refused'],
    'sent, idempotent': ['delay', 0, 'refused'],
    'sent, streams moved': ['refused', 0, 'refused'],
  },
  'refused at the end': {
    sent: ['delay', 1, 'refused'],
    'sent, idempotent': ['delay', 1, 'refused'],
    'sent, streams moved': ['refused', 0, 'refused'],
  },
}

describe('retry policy', () => {
  for (const [fault, row] of Object.entries(table) as [Fault, Partial<Record<Column, Cell>>][]) {
    for (const [column, [decision, cost, withoutRetries]] of Object.entries(row) as [Column, Cell][]) {
      it(`${fault}, ${column}: ${decision}, costs ${cost}; without retries: ${withoutRetries}`, () => {
        const call = callOf(column, 3)
        expect(decide(call, fault, reason)).to.equal(decision)
        expect(call.faults).to.equal(cost)
        expect(decide(callOf(column, 0), fault, reason)).to.equal(withoutRetries)
      })
    }
  }

  it('notifies of each fault after which a call that was tried is tried again', () => {
    const again = Object.entries(table).flatMap(([fault, row]) =>
      Object.keys(row).flatMap((column) => {
        const call = callOf(column as Column, 3)
        decide(call, fault as Fault, reason)
        for (const heard of call.heard) expect(heard).to.deep.equal({ fault, reason })
        return call.heard.map(() => `${fault}, ${column}`)
      }),
    )
    expect(again).to.deep.equal([
      'cannot connect, waiting',
      'cannot connect, sent',
      'cannot connect, sent, idempotent',
      'cannot connect, sent, streams moved',
      'cannot resume, waiting',
      'cannot resume, sent',
      'cannot resume, sent, idempotent',
      'cannot resume, sent, streams moved',
      'link lost, sent',
      'link lost, sent, idempotent',
      'link lost, sent, streams moved',
      'session lost, sent, idempotent',
      'server left, sent',
      'server left, sent, idempotent',
      'refused as busy, sent',
      'refused as busy, sent, idempotent',
      'refused at the end, sent',
      'refused at the end, sent, idempotent',
    ])
  })

  it('notifies of no fault that ends the call', () => {
    const call = callOf('sent', 0)
    expect(decide(call, 'link lost', reason)).to.equal('outcome unknown')
    expect(call.heard).to.deep.equal([])
  })

  it('outlives as many faults in a row as there are retries', () => {
    const call = callOf('sent', 2)
    const decisions = [1, 2, 3].map(() => decide(call, 'link lost', reason))
    expect(decisions).to.deep.equal(['keep', 'keep', 'outcome unknown'])
    expect([1, 2].map(() => spendRetry({ retries: Number.POSITIVE_INFINITY, faults: 1e9 }))).to.deep.equal([true, true])
  })

  it('runs an idempotent action again a bounded number of times, whatever progress is made', () => {
    const call = callOf('sent, idempotent', 2)
    const decisions = [1, 2, 3, 4].map(() => {
      call.faults = 0
      return decide(call, 'session lost', reason)
    })
    expect(decisions).to.deep.equal(['resend', 'resend', 'resend', 'outcome unknown'])
  })

  describe('claims', () => {
    const never = { mayHaveRun: false, request: { name: 'Work' } }
    const maybe = { mayHaveRun: true, request: { name: 'Work' } }

    it('lets a refusal through where no session has started the call', () => {
      const refusal = new BusyError('full')
      expect(truthful(never, refusal)).to.equal(refusal)
      expect(refusal.notStarted).to.equal(true)
    })

    it('makes each refusal of a call that may have run an unknown outcome, with the refusal as its cause', () => {
      const refusals = [
        new BusyError('full'),
        new ServerError('unknown action', { code: 'UNKNOWN_ACTION', notStarted: true }),
        new ClientError('closed', { code: 'CLOSED', notStarted: true }),
      ]
      for (const refusal of refusals) {
        const error = truthful(maybe, refusal)
        expect(error).to.be.instanceOf(OutcomeUnknownError).and.include({ notStarted: false, cause: refusal })
        expect(error.message).to.include('action "Work"').and.include(refusal.message)
      }
    })

    it('keeps a deadline and a cancel what they are, without the claim', () => {
      for (const Class of [DeadlineError, CancelledError]) {
        const error = truthful(maybe, new Class('over', { notStarted: true }))
        expect(error).to.be.instanceOf(Class).and.include({ notStarted: false })
      }
    })

    it('does not touch what claims nothing', () => {
      const error = new ServerError('it threw')
      expect(truthful(maybe, error)).to.equal(error)
    })
  })
})
