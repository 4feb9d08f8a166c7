// `notStarted` for calls that lived in two sessions: an idempotent action has started in the first, which is lost, and the
// server of the second refuses the call, each in its own way.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect } from 'chai'
import {
  Action,
  BusyError,
  IsockError,
  OutcomeUnknownError,
  type RunOptions,
  type ServerOptions,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, IdempotentWork, World } from '../setup/world.ts'

/** Refuses whatever it is given. */
const nothing: StandardSchemaV1<never> = {
  '~standard': { version: 1, vendor: 'spec', validate: () => ({ issues: [{ message: 'no' }] }) },
}

describe('what is claimed of a call that was started in a session before', () => {
  let world: World
  let work: IdempotentWork

  beforeEach(() => {
    world = new World()
    work = new IdempotentWork()
  })

  afterEach(() => world.close())

  /** Starts it at the first server, which crashes; then it is the turn of the second. */
  async function failure(next: Action[] | undefined, serverOptions: ServerOptions = {}, options: RunOptions = {}) {
    await world.serve([work])
    const failed = failureOf(world.client().runAction(IdempotentWork, 'x'.repeat(500), options))
    await settle()
    expect(work.runs, 'runs of the first server').to.have.length(1)
    world.network.crash('server')
    if (next !== undefined) await world.serve(next, serverOptions)
    return world.clock.until(failed)
  }

  function expectUnknown(error: Error, code: string): void {
    expect(error).to.be.instanceOf(OutcomeUnknownError).and.include({ notStarted: false })
    expect(error.cause).to.be.instanceOf(IsockError).and.include({ code, notStarted: true })
    expect(error.message).to.include((error.cause as Error).message)
  }

  it('an unknown action', async () => {
    expectUnknown(await failure([]), 'UNKNOWN_ACTION')
  })

  it('input that the other version of the action does not take', async () => {
    class Picky extends IdempotentWork {
      static override actionName = 'IdempotentWork'
      static override input = nothing
    }
    expectUnknown(await failure([new Picky()]), 'CONTRACT_MISMATCH')
  })

  it('a server that is busy, for as long as the call has retries', async () => {
    const busy = new (class extends Action {
      static override actionName = 'IdempotentWork'
      override action(): never {
        throw new BusyError('not reached')
      }
    })()
    // The data of one running call is as much as it takes.
    const limits = { maxRunningCalls: 1 }
    class Blocker extends IdempotentWork {}
    const blocker = new Blocker()
    await world.serve([work], {}, 'a')
    await world.serve([blocker, busy], { limits }, 'b')
    const other = world.client({}, 'b').runAction(Blocker, undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    await settle()
    expect(blocker.runs).to.have.length(1)
    const client = world.client({}, 'a', 'b')
    const failed = failureOf(client.runAction(IdempotentWork, 1, { timeoutMs: Number.POSITIVE_INFINITY }))
    await settle()
    world.network.crash('a')
    expectUnknown(await world.clock.until(failed), 'BUSY')
    blocker.run.finish()
    await other
  })

  it('data that is too large for the next server', async () => {
    expectUnknown(await failure([work], { limits: { maxFrameBytes: 300 } }), 'TOO_LARGE')
  })

  it('no server at all', async () => {
    expect(await failure(undefined))
      .to.be.instanceOf(OutcomeUnknownError)
      .and.include({ notStarted: false })
  })

  it('time that runs out while it waits', async () => {
    const error = await failure(undefined, {}, { timeoutMs: 60 })
    expect(error).to.include({ code: 'DEADLINE_EXCEEDED', notStarted: false })
  })

  it('a client that is closed, and a call that is cancelled, while it waits', async () => {
    await world.serve([work])
    const client = world.client()
    const closed = failureOf(client.runAction(IdempotentWork))
    const call = client.runAction(IdempotentWork)
    await settle()
    world.network.crash('server')
    await settle()
    call.cancel()
    expect(await failureOf(call)).to.include({ code: 'CANCELLED', notStarted: false })
    await client.close()
    expect(await closed)
      .to.be.instanceOf(OutcomeUnknownError)
      .and.include({ notStarted: false })
  })
})
