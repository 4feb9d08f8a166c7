// The ledger of a page, which is loaded when the server first asks something: until then what comes for it waits.
import { expect } from 'chai'
import { unaccounted } from '../../lib/core/accounting/meter.ts'
import { LinkError, ProtocolError } from '../../lib/core/base/errors.ts'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { Ledger } from '../../lib/core/session/browser-ledger.ts'
import type { IncomingCall } from '../../lib/core/session/incoming-call.ts'
import * as loaded from '../../lib/core/session/ledger.ts'
import { CancelReason, Kind, type SessionFrame } from '../../lib/core/wire/frames/frame.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

const action = { name: 'Ask', contract: undefined, expectedBytes: 0 }
const callOf = (seq: number) =>
  ({ kind: Kind.Call, seq, ref: 0, attempt: 1, remainingMs: undefined, inputs: 0, data: undefined }) as const

describe('The ledger of a page', () => {
  let sent: SessionFrame[]
  let started: IncomingCall[]
  let dropped: unknown[]
  let busy: number
  let loads: Resolvers<typeof loaded>[]
  let prepared: Promise<void>
  let ledger: Ledger

  beforeEach(() => {
    sent = []
    started = []
    dropped = []
    busy = 0
    loads = []
    prepared = Promise.resolve()
    const home = {
      clock: new VirtualClock(),
      limits: defaultLimits,
      origin: { session: '', address: '' },
      isAttached: true,
      isWritable: true,
      isSlow: false,
      linkNumber: 1,
      giveBack: () => undefined,
      send: (frame: SessionFrame) => void sent.push(frame),
      onBusyChange: () => void busy++,
      dropLink: (reason: unknown) => void dropped.push(reason),
      callee: {
        startCall: (call: IncomingCall) => void started.push(call),
        prepareForCalls: () => prepared,
        encodeError: ({ message }: Error) => JSON.stringify(message),
        refusal: () => undefined,
      },
    }
    ledger = new Ledger(home, defaultLimits, unaccounted, () => {
      const load = withResolvers<typeof loaded>()
      loads.push(load)
      return load.promise
    })
  })

  const arrive = async () => {
    loads.at(-1)?.resolve(loaded)
    await settle()
  }

  it('is loaded once, by the first call, and then gets what came in order', async () => {
    ledger.resume()
    ledger.onAck({ kind: Kind.Ack, seqs: [1] })
    ledger.onCredit({ kind: Kind.Credit, seq: 1024, received: 0, granted: 5 })
    ledger.onWritable()
    ledger.onLinkLost()
    expect([loads.length, ledger.runningCount, ledger.unsentCount, ledger.isClean]).to.deep.equal([0, 0, 0, true])
    ledger.onCall(callOf(1025), action)
    ledger.onCall(callOf(1024), action)
    ledger.onCancel({ kind: Kind.Cancel, seq: 1024, reason: CancelReason.Cancelled })
    expect([loads.length, ledger.runningCount, ledger.isClean, busy]).to.deep.equal([1, 2, false, 1])
    await arrive()
    expect(started.map(({ seq }) => seq)).to.deep.equal([1025, 1024])
    expect(started.map(({ abortReason }) => abortReason !== undefined)).to.deep.equal([false, true])
    ledger.onCall(callOf(1026), action)
    expect([started.length, ledger.runningCount, loads.length]).to.deep.equal([3, 3, 1])
    for (const call of started) call.answerWith({ kind: Kind.Result, seq: call.seq, items: 0, value: undefined })
    expect(sent.map((frame) => 'seq' in frame && frame.seq)).to.deep.equal([1025, 1024, 1026])
    expect([ledger.runningCount, ledger.isClean]).to.deep.equal([0, true])
  })

  it('waits for its callee too, which encodes its errors', async () => {
    const preparing = withResolvers<void>()
    prepared = preparing.promise
    ledger.onCall(callOf(1024), action)
    await arrive()
    expect(started).to.have.length(0)
    preparing.resolve()
    await settle()
    expect(started).to.have.length(1)
  })

  it('joins a call that came again over another link meanwhile', async () => {
    ledger.onCall(callOf(1024), action)
    ledger.onLinkLost()
    ledger.resume()
    ledger.onCall({ ...callOf(1024), attempt: 2 }, action)
    expect(ledger.runningCount).to.equal(1)
    await arrive()
    expect(started).to.have.length(1)
  })

  it('refuses as not started what it cannot run as it cannot be loaded, and tries again with the next call', async () => {
    ledger.onCall(callOf(1024), action)
    ledger.onCall(callOf(1025), action)
    loads[0]?.reject(new TypeError('404'))
    await settle()
    expect(sent).to.have.length(2)
    expect(sent[0]).to.include({ kind: Kind.Failure, seq: 1024, notStarted: true })
    expect(String((sent[0] as { error: unknown }).error)).to.contain('could not load')
    expect([ledger.runningCount, ledger.isClean]).to.deep.equal([0, true])
    ledger.onCall(callOf(2048), action)
    await arrive()
    expect(started.map(({ seq }) => seq)).to.deep.equal([2048])
  })

  it('closes the link for what is out of step, late as it is', async () => {
    ledger.onCall(callOf(3), action)
    await arrive()
    expect(dropped[0]).to.be.instanceOf(ProtocolError)
    expect(started).to.have.length(0)
  })

  it('starts nothing, and says nothing, once its session is over', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      started = []
      ledger.onCall(callOf(1024), action)
      ledger.end(new LinkError('over'))
      if (end === 'resolve') await arrive()
      else loads.at(-1)?.reject(new Error('404'))
      await settle()
      expect([started.length, sent.length, ledger.runningCount]).to.deep.equal([0, 0, 0])
    }
  })
})

interface Resolvers<T> {
  readonly promise: Promise<T>
  resolve(value: T | PromiseLike<T>): void
  reject(reason: unknown): void
}

function withResolvers<T>(): Resolvers<T> {
  let resolve: Resolvers<T>['resolve'] = () => undefined
  let reject: Resolvers<T>['reject'] = () => undefined
  const promise = new Promise<T>((accept, refuse) => {
    resolve = accept
    reject = refuse
  })
  return { promise, resolve, reject }
}
