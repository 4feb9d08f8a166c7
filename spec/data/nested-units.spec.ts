// An action that writes and awaits another action of its server that needs what it holds: the inner one fails soon, and
// says who holds what.

import { expect } from 'chai'
import { Action, BusyError, Client, type Context, Server } from 'isock'
import { data } from '../../lib/data.ts'
import { failureOf } from '../setup/world.ts'
import { models, Team } from './models.ts'
import { stores, type TestStore } from './stores.ts'

class Inner extends Action {
  async action(name: string, { db }: Context): Promise<string> {
    const team = await db.get(Team, { name: 'first' }, { lock: true })
    team.name = name
    return name
  }
}

/** Neither reads nor writes itself. */
class Between extends Action {
  async action(name: string, context: Context): Promise<string> {
    return nested(context, name)
  }
}

let nested: (context: Context, name: string) => Promise<string>

interface Way {
  readonly commits?: boolean
  readonly onTheSide?: boolean
  readonly catches?: boolean
  readonly through?: 'Inner' | 'Between'
  readonly hasParent?: boolean
}

for (const kind of stores) {
  describe(`An action with data in ${kind.name} that awaits another one`, function () {
    this.timeout(120_000)
    let store: TestStore
    let server: Server
    let client: Client

    class Outer extends Action {
      async action(
        { commits, onTheSide, catches, through = 'Inner', hasParent = true }: Way,
        context: Context,
      ): Promise<string> {
        const { db } = context
        const team = await db.get(Team, { name: 'first' }, { lock: true })
        team.name = 'first'
        await db.flush()
        if (commits) await db.commit()
        const call = client.runAction<string>(through, 'inner', hasParent ? { parent: context } : {})
        if (onTheSide) await db.commit()
        if (!catches) return call
        return call.catch((error: Error) => error.message)
      }
    }

    const start = async (inheritContext = false): Promise<void> => {
      server = new Server({ port: 0, inheritContext, features: [data({ models, ...store.options, waitMs: 30_000 })] })
      for (const action of [new Inner(), new Between(), new Outer()]) server.addAction(action)
      await server.listen()
      client = new Client(server.addresses[0] as string)
      nested = (context, name) => client.runAction(Inner, name, { parent: context })
      await server.db.transaction((db) => db.create(Team, { name: 'first' }))
    }

    const names = (): Promise<string[]> =>
      server.db.transaction(async (db) => (await db.query(Team)).map(({ name }) => name))

    beforeEach(async function () {
      store = await kind.make(this)
    })

    afterEach(async () => {
      await client?.close()
      await server?.shutdown({ graceMs: 1_000 })
      await store?.remove()
    })

    const named =
      /^action "Inner" would wait for itself: .* is held by action "Outer" \(for \d+ ms\), which waits for this call; write in one action, or commit/

    it('is told so long before waitMs, and nothing is kept', async () => {
      await start()
      const startedAt = performance.now()
      const error = await failureOf(client.runAction(Outer, {}))
      expect(error).to.be.instanceOf(BusyError)
      expect(error['notStarted']).to.equal(false)
      expect((error as Error).message).to.match(named)
      expect(performance.now() - startedAt).to.be.below(15_000)
      expect(await names()).to.deep.equal(['first'])
    })

    it('is told so through an action in between', async () => {
      await start()
      const error = await failureOf(client.runAction(Outer, { through: 'Between' }))
      expect((error as Error).message).to.match(named)
    })

    it('is told so where its server passes contexts on', async () => {
      await start(true)
      const error = await failureOf(client.runAction(Outer, { hasParent: false }))
      expect((error as Error).message).to.match(named)
    })

    it('may go on without it', async () => {
      await start()
      expect(await client.runAction(Outer, { catches: true })).to.match(named)
      expect(await names()).to.deep.equal(['first'])
      // Nothing is left of the inner one: the turn is free.
      expect(await client.runAction(Inner, 'next')).to.equal('next')
    })

    it('works where it has committed before', async () => {
      await start()
      expect(await client.runAction(Outer, { commits: true })).to.equal('inner')
      expect(await names()).to.deep.equal(['inner'])
    })

    it('works where it commits before it waits', async () => {
      await start()
      expect(await client.runAction(Outer, { onTheSide: true })).to.equal('inner')
      expect(await names()).to.deep.equal(['inner'])
    })

    it('does not disturb others that wait for their turn', async () => {
      await start()
      const outer = failureOf(client.runAction(Outer, {}))
      const others = Array.from({ length: 3 }, () => client.runAction(Inner, 'first'))
      expect(((await outer) as Error).message).to.match(named)
      expect(await Promise.all(others)).to.deep.equal(['first', 'first', 'first'])
    })
  })
}
