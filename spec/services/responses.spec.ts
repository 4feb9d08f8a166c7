// Responses that their client does not take: the service is everybody's, and does not wait for it for ever.
import { expect } from 'chai'
import type { Context } from '../../lib/core/action/context.ts'
import { RunningContext } from '../../lib/features/services/running-context.ts'
import { BusyError } from '../../lib/index.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

describe('A response of a service', () => {
  it('waits for its client for ten seconds, then no more are sent, and the caller is told', async () => {
    const clock = new VirtualClock()
    const emitted: unknown[] = []
    const emit = (value: unknown): Promise<void> => {
      emitted.push(value)
      return new Promise(() => undefined)
    }
    const context = { emit, signal: new AbortController().signal } as unknown as Context<unknown>
    const running = new RunningContext(context, 'service "Slow": exec', clock)
    const responded = running.respond(1)
    await clock.advance(9_999)
    expect(running.loss()).to.equal(undefined)
    await clock.advance(1)
    await responded
    await running.respond(2)
    expect(emitted).to.deep.equal([1])
    expect(running.loss()).to.be.instanceOf(BusyError).with.property('notStarted', false)
    expect(clock.pendingCount).to.equal(0)
  })

  it('that is taken leaves no timer', async () => {
    const clock = new VirtualClock()
    const context = {
      emit: () => Promise.resolve(),
      signal: new AbortController().signal,
    } as unknown as Context<unknown>
    const running = new RunningContext(context, 'service "Quick": exec', clock)
    await running.respond(1)
    await running.respond(2)
    expect(running.loss()).to.equal(undefined)
    expect(clock.pendingCount).to.equal(0)
  })

  describe('of a client that takes them slowly', () => {
    let clock: VirtualClock
    let running: RunningContext
    let takes: (() => void)[]

    beforeEach(() => {
      clock = new VirtualClock()
      takes = []
      const emit = () => new Promise<void>((take) => takes.push(take))
      const context = { emit, signal: new AbortController().signal } as unknown as Context<unknown>
      running = new RunningContext(context, 'service "Slow": exec', clock)
    })

    const takeOneAfter = async (ms: number) => {
      await clock.advance(ms)
      takes.shift()?.()
      await settle()
    }

    it('has ten seconds in all of a run, however often it takes one', async () => {
      const startedAtMs = clock.now()
      for (let i = 0; i < 100 && running.loss() === undefined; i++) {
        void running.respond(i)
        await takeOneAfter(2_000)
      }
      expect(running.loss()).to.be.instanceOf(BusyError)
      expect(clock.now() - startedAtMs).to.be.within(10_000, 12_000)
    })

    it('goes on for one that takes ten a second', async () => {
      for (let i = 0; i < 1_000; i++) {
        void running.respond(i)
        await takeOneAfter(100)
      }
      expect(running.loss()).to.equal(undefined)
    })

    it('goes on for one that takes ten a second, however many wait', async () => {
      for (let i = 0; i < 500; i++) void running.respond(i)
      for (let i = 0; i < 500; i++) await takeOneAfter(99)
      expect(running.loss()).to.equal(undefined)
    })

    it('ends for one that takes fewer, however many wait', async () => {
      const startedAtMs = clock.now()
      for (let i = 0; i < 500; i++) void running.respond(i)
      while (running.loss() === undefined) await takeOneAfter(1_000)
      expect(clock.now() - startedAtMs).to.be.within(10_000, 12_000)
    })

    it('ends for all that wait at once', async () => {
      let settled = 0
      for (let i = 0; i < 500; i++) void running.respond(i).then(() => settled++)
      await clock.advance(10_000)
      expect(settled).to.equal(500)
    })

    it('counts the time once where several wait', async () => {
      for (let i = 0; i < 50; i++) void running.respond(i)
      await clock.advance(5_000)
      for (const take of takes.splice(0)) take()
      await settle()
      void running.respond('last')
      await takeOneAfter(9_000)
      expect(running.loss()).to.equal(undefined)
    })
  })
})
