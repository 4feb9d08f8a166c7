// A server that is gone and comes back without its memory: what was sent is of unknown outcome, what was not runs.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { type Client, type Context, OutcomeUnknownError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, IdempotentWork, Work, World } from '../setup/world.ts'

describe('a server that was restarted', () => {
  let world: World
  let work: Work
  let client: Client

  beforeEach(async () => {
    world = new World()
    work = new Work()
    await world.serve([work, new IdempotentWork()])
    client = world.client()
    await client.connect()
    await world.clock.advance(2_000)
  })

  afterEach(() => world.close())

  /** Another server in the place of the first, with actions of its own. */
  async function restart(): Promise<{ work: Work; idempotent: IdempotentWork }> {
    world.network.crash('server')
    const fresh = { work: new Work(), idempotent: new IdempotentWork() }
    await world.serve([fresh.work, fresh.idempotent])
    return fresh
  }

  it('runs what was not sent yet', async () => {
    world.network.crash('server')
    await settle()
    const call = client.runAction(Work, 'late')
    const { work: newWork } = await restart()
    await world.clock.advance(1_000)
    newWork.run.finish('ran')
    expect(await call).to.equal('ran')
    expect(newWork.run.context.attempt).to.equal(1)
  })

  it('does not run again what was sent: its outcome is unknown', async () => {
    const call = client.runAction(Work)
    const failed = failureOf(call)
    await settle()
    expect(work.runs).to.have.length(1)
    const { work: newWork } = await restart()
    const error = await world.clock.until(failed)
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    expect(error['notStarted']).to.equal(false)
    expect(error.message).to.match(/^action "Work" was sent and its outcome is unknown: /)
    expect(error.cause).to.be.instanceOf(Error)
    expect(newWork.runs).to.have.length(0)
  })

  it('does not guess even where the call was lost on its way', async () => {
    world.network.cutAt(Kind.Call, 'up')
    world.network.setReachable('server', false)
    const failed = failureOf(client.runAction(Work))
    await settle()
    expect(work.runs).to.have.length(0)
    world.network.setReachable('server', true)
    const { work: newWork } = await restart()
    expect(await world.clock.until(failed)).to.be.instanceOf(OutcomeUnknownError)
    expect(newWork.runs).to.have.length(0)
  })

  it('runs again what is declared idempotent', async () => {
    const call = client.runAction(IdempotentWork, 'again')
    await settle()
    const { idempotent } = await restart()
    await world.clock.advance(1_000)
    idempotent.run.finish('second run')
    expect(await call).to.equal('second run')
    expect(idempotent.run.data).to.equal('again')
    expect(idempotent.run.context.attempt).to.equal(2)
  })

  it('runs again what is called with idempotent: true, and not what is called with false', async () => {
    const yes = client.runAction(Work, 'yes', { idempotent: true })
    const no = failureOf(client.runAction(IdempotentWork, 'no', { idempotent: false }))
    await settle()
    const { work: newWork, idempotent } = await restart()
    expect(await world.clock.until(no)).to.be.instanceOf(OutcomeUnknownError)
    newWork.run.finish('done')
    expect(await yes).to.equal('done')
    expect(idempotent.runs).to.have.length(0)
  })

  it('goes on in a new session, for all calls at once', async () => {
    const id = client.sessionId
    const sent = Array.from({ length: 10 }, () => failureOf(client.runAction(Work)))
    await settle()
    const { work: newWork } = await restart()
    const errors = await world.clock.until(Promise.all(sent))
    for (const error of errors) expect(error).to.be.instanceOf(OutcomeUnknownError)
    const next = client.runAction(Work)
    await world.clock.advance(1_000)
    newWork.run.finish('next')
    expect(await next).to.equal('next')
    expect(client.sessionId).to.not.equal(id)
  })

  it('never takes the answer of a run for the former server as that of a run for the new one', async () => {
    const ask = new Work()
    client.addActions({ ask: (data: unknown, context: Context) => ask.action(data, context) })
    world.network.crash('server')
    await world.clock.advance(5_000)

    const askers: Work[] = []
    for (const name of ['old', 'new']) {
      const asker = new Work()
      askers.push(asker)
      await world.serve([asker])
      const call = client.runAction(Work).outcome()
      await world.clock.advance(10_000)
      const { context } = asker.run
      const asked = context.client.runAction<string>('ask', name)
      asked.then(asker.run.finish, asker.run.fail)
      await settle()
      if (name === 'old') {
        world.network.crash('server')
        await world.clock.until(call)
      } else {
        // Both runs have the same number, each in its session.
        expect(ask.runs.map((run) => run.context.callId)).to.deep.equal([1_024, 1_024])
        ask.runs[0]?.finish('for the old server')
        await settle()
        ask.runs[1]?.finish('for the new server')
        expect(await asked).to.equal('for the new server')
      }
    }
  })

  it('has the handlers of the client told that their server is gone', async () => {
    const ask = new Work()
    client.addActions({ ask: (data: unknown, context: Context) => ask.action(data, context) })
    const call = failureOf(client.runAction(Work))
    await settle()
    const asked = failureOf(work.run.context.client.runAction('ask'))
    await settle()
    const { signal } = ask.run.context
    expect(signal.aborted).to.equal(false)
    await restart()
    await world.clock.until(call)
    expect(signal.aborted).to.equal(true)
    ask.run.finish()
    world.clock.until(asked).catch(() => undefined)
  })
})
