// Thousands of calls that wait together: to cancel or settle one costs the same however many there are. What is counted
// are the elements of lists that are walked over, among few and among four times as many; no time is measured.
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { ConcurrencyLimiter } from '../../lib/core/server/concurrency-limiter.ts'
import type { FramePort } from '../../lib/core/session/frame-port.ts'
import { InboundStream, type Taken } from '../../lib/core/session/inbound-stream.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { WriteLock } from '../../lib/features/data/engine/libsql/write-lock.ts'
import { IdempotencyStore } from '../../lib/gateways/http/idempotency-store.ts'
import { CancelledError, Process, type ProcessContext } from '../../lib/index.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { elementsWalked } from '../setup/walked-elements.ts'
import { failureOf, Work, World } from '../setup/world.ts'

const few = 400
const many = 4 * few

/** Four times as many cost about four times as much, and not sixteen times. */
async function expectSameForEach(walkedBy: (count: number) => Promise<number>): Promise<void> {
  const [walked, walkedByMany] = [await walkedBy(few), await walkedBy(many)]
  expect(walkedByMany, `elements for ${many}, with ${walked} for ${few}`).to.be.at.most(6 * walked + 100)
}

describe('Many calls that wait', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  afterEach(() => world.close())

  const places = { limits: { maxCallsInFlight: 4 } }

  it('are cancelled one by one at the same cost, the latest first', async () => {
    await world.serve([new Work()], places)
    await expectSameForEach(async (count) => {
      const client = world.client()
      const calls = Array.from({ length: count }, () => client.runAction(Work))
      await settle()
      const walked = await elementsWalked(async () => {
        for (const call of calls.reverse()) call.cancel()
        await Promise.all(calls.map(failureOf))
      })
      await client.close()
      return walked
    })
  })

  it('are cancelled by their signal at the same cost, in the order in which they were made', async () => {
    await world.serve([new Work()], places)
    await expectSameForEach(async (count) => {
      const client = world.client()
      const controller = new AbortController()
      const { signal } = controller
      const ended: number[] = []
      const calls = Array.from({ length: count }, (_, n) =>
        client.runAction(Work, n, { signal }).then(undefined, () => ended.push(n)),
      )
      await settle()
      const walked = await elementsWalked(async () => {
        controller.abort()
        await Promise.all(calls)
      })
      expect(ended).to.deep.equal(calls.map((_, n) => n))
      await client.close()
      return walked
    })
  })

  it('are cancelled at the same cost while there is no link', async () => {
    await expectSameForEach(async (count) => {
      const client = world.client({ retry: 1_000 })
      const calls = Array.from({ length: count }, () => client.runAction(Work))
      const walked = await elementsWalked(async () => {
        for (const call of calls.reverse()) call.cancel()
        await Promise.all(calls.map(failureOf))
      })
      await client.close()
      return walked
    })
  })

  it('for a connection fail together at the same cost', async () => {
    await expectSameForEach(async (count) => {
      const client = world.client({ retry: 0 })
      const failures = Array.from({ length: count }, () => failureOf(client.connect()))
      const walked = await elementsWalked(() => world.clock.until(Promise.all(failures)))
      await client.close()
      return walked
    })
  })

  it('for a turn leave at the same cost, the latest first', async () => {
    await expectSameForEach(async (count) => {
      const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: count })
      let end: () => void = () => undefined
      const first = limiter.run(new AbortController().signal, () => new Promise<void>((resolve) => (end = resolve)))
      const controllers = Array.from({ length: count }, () => new AbortController())
      const failures = controllers.map(({ signal }) => failureOf(limiter.run(signal, async () => undefined)))
      const walked = await elementsWalked(async () => {
        for (const controller of controllers.reverse()) controller.abort(new CancelledError('enough'))
        await Promise.all(failures)
      })
      expect(limiter.waitingCount).to.equal(0)
      end()
      await first
      return walked
    })
  })

  it('for a turn have it at the same cost', async () => {
    await expectSameForEach(async (count) => {
      const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: count })
      const { signal } = new AbortController()
      const runs = Array.from({ length: count }, () => limiter.run(signal, async () => undefined))
      return elementsWalked(() => Promise.all(runs))
    })
  })

  it('for a turn to write are late at the same cost', async () => {
    await expectSameForEach(async (count) => {
      const turns = new WriteLock(20)
      const end = await turns.take()
      const failures = Array.from({ length: count }, () => failureOf(turns.take()))
      const walked = await elementsWalked(() => Promise.all(failures))
      expect(turns.waitingCount).to.equal(0)
      end()
      return walked
    })
  })

  it('for items get them at the same cost', async () => {
    await expectSameForEach(async (count) => {
      const port = { send: () => undefined } as unknown as FramePort
      const stream = new InboundStream({
        kind: Kind.Credit,
        seq: 1,
        windowBytes: 2 ** 30,
        mayGoUnread: false,
        port,
      })
      const taken: Taken[] = []
      for (let n = 0; n < count; n++) stream.take((item) => taken.push(item))
      const walked = await elementsWalked(() => {
        for (let n = 0; n < count; n++) stream.onItem(n, String(n))
      })
      expect(taken).to.deep.equal(Array.from({ length: count }, (_, n) => ({ item: true, value: String(n) })))
      return walked
    })
  })
})

describe('Many outcomes that are kept', () => {
  it('make room for others at the same cost, the oldest first', async () => {
    await expectSameForEach(async (count) => {
      const limits = { maxKeys: count, maxKeptBytes: 1_500, keepMs: 1_000 }
      const accounting = new Accounting({ maxHeldBytes: 2 ** 30, isShared: () => false })
      const outcomes = new IdempotencyStore(limits, accounting, new VirtualClock())
      const owner = { address: '192.0.2.1', identity: undefined }
      const begin = (key: string) => outcomes.begin({ identity: 'me', action: 'Pay', key }, owner, '')
      const walked = await elementsWalked(() => {
        for (let n = 0; n < count; n++) {
          const begun = begin(String(n))
          if (begun.isFirst) begun.settle({ status: 200, headers: {}, body: Buffer.alloc(1_000) }, 'keep')
        }
      })
      expect(() => begin(String(count - 2))).to.throw('is no longer stored')
      expect(begin(String(count - 1))).to.include({ isFirst: false })
      outcomes.close()
      expect([outcomes.keptBytes, outcomes.keyCount]).to.deep.equal([0, 0])
      return walked
    })
  })
})

describe('One signal for many', () => {
  class Ticks extends Process<{ tick: number }> {
    static override processName = 'ticks'
    override run({ signal }: ProcessContext<{ tick: number }>): Promise<void> {
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    }
  }

  let world: World
  const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

  beforeEach(() => {
    world = new World()
  })

  afterEach(() => world.close())

  it('has one listener for the calls of all clients, which end in the order in which they were made', async () => {
    await world.serve([new Work()])
    const controller = new AbortController()
    const { signal } = controller
    const clients = Array.from({ length: 20 }, () => world.client())
    const ended: number[] = []
    const calls = [0, 1, 2].flatMap((round) =>
      clients.map((client, n) => {
        const order = round * clients.length + n
        return client.runAction(Work, undefined, { signal }).then(undefined, () => ended.push(order))
      }),
    )
    await settle()
    expect(listenersOf(signal)).to.equal(1)
    controller.abort()
    await Promise.all(calls)
    expect(ended).to.deep.equal(calls.map((_, n) => n))
    expect(listenersOf(signal), 'afterwards').to.equal(0)
  })

  it('has one for those who listen to a process too', async () => {
    const server = await world.serve([])
    server.addProcess(new Ticks())
    const { signal } = new AbortController()
    const client = world.client()
    const listening = Array.from({ length: 12 }, () => client.onProcess(Ticks, { signal }))
    await Promise.all(listening.map(({ ready }) => ready))
    expect(listenersOf(signal)).to.equal(1)
    for (const each of listening) each.stop()
    expect(listenersOf(signal), 'afterwards').to.equal(0)
  })

  it('that is aborted by what is sent with a call cancels that call', async () => {
    await world.serve([new Work()])
    const controller = new AbortController()
    const data = {
      get text() {
        controller.abort()
        return 'read while it is encoded'
      },
    }
    const call = world.client().runAction(Work, data, { signal: controller.signal })
    expect(await world.clock.until(failureOf(call))).to.be.instanceOf(CancelledError)
  })
})
