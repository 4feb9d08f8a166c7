// What others wait for is not held at the pace of one client: a unit of work that stands still for its client is rolled back.

import { expect } from 'chai'
import { Action, BusyError, type Context } from 'isock'
import { createHarness, type Harness } from 'isock/testing'
import { data } from '../../lib/data.ts'
import { ClientPatience } from '../../lib/features/data/client-patience.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { models, Team } from './models.ts'
import { makePostgres, stores, type TestStore } from './stores.ts'

/** Writes a row for each item that comes. */
class Upload extends Action {
  static written = 0
  async action(names: AsyncIterable<string>, { db }: Context): Promise<number> {
    for await (const name of names) {
      await db.create(Team, { name })
      Upload.written++
    }
    return db.count(Team)
  }
}

/** Writes, and streams more than a window. */
class Watch extends Action {
  async *action(name: string, { db }: Context): AsyncGenerator<string> {
    await db.create(Team, { name })
    for (let at = 0; at < 1_000; at++) yield 'x'.repeat(10_000)
  }
}

class EmitAll extends Action {
  async action(name: string, { db, emit }: Context<string>): Promise<void> {
    await db.create(Team, { name })
    for (let at = 0; at < 1_000; at++) await emit('x'.repeat(10_000))
  }
}

/** Writes, and asks its client something. */
class Ask extends Action {
  async action(name: string, { db, client }: Context): Promise<string> {
    await db.create(Team, { name })
    return client.runAction(Answer)
  }
}

class Answer extends Action<undefined, string> {}

class Add extends Action {
  async action(name: string, { db }: Context): Promise<number> {
    await db.create(Team, { name })
    return db.count(Team)
  }
}

/** Waits for something of its own, whatever its signal says. */
class Idle extends Action {
  static goOn: () => void = () => undefined
  static begun = 0
  async action(name: string, { db }: Context): Promise<void> {
    await db.create(Team, { name })
    await new Promise<void>((resolve) => {
      Idle.goOn = resolve
      Idle.begun++
    })
  }
}

for (const kind of stores) {
  describe(`A client that an action with data in ${kind.name} waits for`, function () {
    this.timeout(120_000)
    let store: TestStore
    let harness: Harness

    beforeEach(async function () {
      store = await kind.make(this)
      Upload.written = 0
      // Every unit needs the one connection.
      const options = { models, ...store.options, waitMs: 20_000, clientPatienceMs: 200, maxConnections: 1 }
      harness = await createHarness({
        actions: [new Upload(), new Watch(), new EmitAll(), new Ask(), new Add(), new Idle()],
        server: { features: [data(options)] },
      })
    })

    afterEach(async () => {
      await harness?.close()
      await store?.remove()
    })

    const isRolledBack = (error: unknown, name: string): void => {
      expect(error).to.be.instanceOf(BusyError).and.to.include({ notStarted: false })
      expect((error as Error).message).to.include(
        `action "${name}" was rolled back: it had written, and waited for its`,
      )
    }

    it('does not hold up others by an input that stands still', async () => {
      let goOn = (): void => undefined
      const still = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const input = (async function* () {
        yield 'uploaded'
        await still
      })()
      const upload = failureOf(harness.client.runAction(Upload, input))
      await waitFor(() => Upload.written === 1, { what: 'the first row', timeoutMs: 8_000 })
      const other = await harness.connect()
      expect(await other.runAction(Add, 'other')).to.equal(1)
      isRolledBack(await upload, 'Upload')
      goOn()
    })

    for (const action of [Watch, EmitAll]) {
      it(`does not hold up others by not reading what ${action.name} streams`, async () => {
        const call = harness.client.runAction(action as typeof Watch, 'streamed')
        const reader = call[Symbol.asyncIterator]()
        await reader.next()
        const other = await harness.connect()
        expect(await other.runAction(Add, 'other')).to.equal(1)
        let error: unknown
        while (error === undefined) await reader.next().catch((reason: unknown) => (error = reason))
        isRolledBack(error, action.name)
      })
    }

    it('does not hold up others by an answer that it does not give', async () => {
      let answer: (text: string) => void = () => undefined
      let isAsked = false
      harness.client.addAction(Answer, () => {
        isAsked = true
        return new Promise<string>((resolve) => {
          answer = resolve
        })
      })
      const asking = failureOf(harness.client.runAction(Ask, 'asked'))
      await waitFor(() => isAsked, { what: 'the question', timeoutMs: 8_000 })
      const other = await harness.connect()
      expect(await other.runAction(Add, 'other')).to.equal(1)
      expect((await asking).message).to.include(
        'action "Ask" was rolled back: it had written, and waited for its client',
      )
      answer('too late')
    })

    it('may stand still as long as nobody else wants the store', async () => {
      let goOn = (): void => undefined
      const still = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const input = (async function* () {
        yield 'first'
        await still
        yield 'second'
      })()
      const upload = harness.client.runAction(Upload, input)
      await waitFor(() => Upload.written === 1, { what: 'the first row', timeoutMs: 8_000 })
      const startedAt = performance.now()
      await waitFor(() => performance.now() - startedAt > 1_000, { what: 'patience to end', timeoutMs: 8_000 })
      goOn()
      expect(await upload).to.equal(2)
    })

    it('is not all that a deadline ends: so does what the action itself waits for', async () => {
      Idle.begun = 0
      const idle = failureOf(harness.client.runAction(Idle, 'idle', { timeoutMs: 1_000 }))
      await waitFor(() => Idle.begun === 1, { what: 'the row', timeoutMs: 8_000 })
      expect(await harness.client.runAction(Add, 'other', { timeoutMs: 20_000 })).to.equal(1)
      expect(await idle).to.include({ code: 'DEADLINE_EXCEEDED' })
      Idle.goOn()
    })
  })
}

describe('A client that a unit of PostgreSQL waits for', function () {
  this.timeout(120_000)

  it('does not hold up those who wait for its rows, though there are connections', async function () {
    const store = await makePostgres(this)
    const options = { models, ...store.options, waitMs: 20_000, clientPatienceMs: 200, maxConnections: 2 }
    const harness = await createHarness({ actions: [new Upload(), new Add()], server: { features: [data(options)] } })
    let goOn = (): void => undefined
    const still = new Promise<void>((resolve) => {
      goOn = resolve
    })
    try {
      Upload.written = 0
      const input = (async function* () {
        yield 'taken'
        await still
      })()
      const upload = failureOf(harness.client.runAction(Upload, input))
      await waitFor(() => Upload.written === 1, { what: 'the first row', timeoutMs: 8_000 })
      const other = await harness.connect()
      expect(await other.runAction(Add, 'taken')).to.equal(1)
      expect(await upload).to.be.instanceOf(BusyError)
    } finally {
      goOn()
      await harness.close()
      await store.remove()
    }
  })
})

describe('Patience with a client', () => {
  const patienceMs = 1_000

  function started(given: { isWanted?: () => boolean; isConnected?: () => boolean; isShared?: boolean } = {}) {
    const clock = new VirtualClock()
    const given_ups: Error[] = []
    const unit = {
      isHolding: true,
      isWanted: async () => given.isWanted?.() ?? false,
      giveUp: (error: Error) => void given_ups.push(error),
    }
    const patience = new ClientPatience({
      unit: unit as never,
      clock,
      patienceMs,
      isShared: given.isShared ?? false,
      label: 'action "x"',
      isConnected: given.isConnected ?? (() => true),
    })
    return { clock, patience, unit, given_ups }
  }

  const never = new Promise<never>(() => undefined)

  it('ends where others wait, and not before', async () => {
    let isWanted = false
    const { clock, patience, given_ups } = started({ isWanted: () => isWanted })
    const failure = failureOf(patience.during(never))
    await clock.advance(10 * patienceMs)
    expect(given_ups).to.deep.equal([])
    isWanted = true
    await clock.advance(250)
    const error = await failure
    expect(error).to.be.instanceOf(BusyError)
    expect(given_ups).to.deep.equal([error])
  })

  it('ends without others where the client has no link', async () => {
    const { clock, patience, given_ups } = started({ isConnected: () => false })
    const failure = failureOf(patience.during(never))
    await clock.advance(patienceMs - 1)
    expect(given_ups.length).to.equal(0)
    await clock.advance(1)
    expect(await failure).to.be.instanceOf(BusyError)
  })

  it('ends after a minute where others cannot be seen', async () => {
    const { clock, patience } = started({ isShared: true })
    const failure = failureOf(patience.during(never))
    await clock.advance(61_000)
    expect(await failure).to.be.instanceOf(BusyError)
  })

  it('is not tried by a unit that holds nothing', async () => {
    const { clock, patience, unit, given_ups } = started({ isWanted: () => true })
    unit.isHolding = false
    const failure = failureOf(patience.during(never))
    await clock.advance(10 * patienceMs)
    expect(given_ups.length).to.equal(0)
    unit.isHolding = true
    await clock.advance(250)
    expect(await failure).to.be.instanceOf(BusyError)
  })

  it('is used up by many short waits, and given back by items', async () => {
    const { clock, patience } = started({ isWanted: () => true })
    const waitFor = async (ms: number): Promise<string> => {
      let arrive = (): void => undefined
      const item = new Promise<void>((resolve) => {
        arrive = resolve
      })
      const taken = patience.during(item)
      taken.catch(() => undefined)
      await clock.advance(ms)
      arrive()
      return taken.then(
        () => 'taken',
        () => 'too late',
      )
    }
    for (let at = 0; at < 100; at++) expect(await waitFor(100)).to.equal('taken')
    const outcomes: string[] = []
    for (let at = 0; at < 12; at++) outcomes.push(await waitFor(200))
    expect(outcomes.filter((outcome) => outcome === 'taken').length).to.be.within(8, 10)
  })
})
