// An effect is kept only if its answer can be given: what the caller is told has failed has left nothing.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect } from 'chai'
import { Action, type Client, type Context } from 'isock'
import { createHarness, type Harness } from 'isock/testing'
import { data } from '../../lib/data.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, itemsOf } from '../setup/world.ts'
import { models, Team, User } from './models.ts'
import { describeIn, stores, type TestStore } from './stores.ts'

/** Takes numbers only; `isLate`: says so later. */
const numbers = (isLate: boolean): StandardSchemaV1<unknown, number> => ({
  '~standard': {
    version: 1,
    vendor: 'spec',
    validate: (value) => {
      const checked = typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] }
      return isLate ? Promise.resolve(checked) : checked
    },
  },
})

class Refused extends Action {
  static override output = numbers(false)
  async action(name: string, { db }: Context): Promise<number> {
    await db.create(Team, { name })
    return 'text' as never
  }
}

class RefusedLate extends Action {
  static override output = numbers(true)
  async action(name: string, { db }: Context): Promise<number> {
    await db.create(Team, { name })
    return 'text' as never
  }
}

class Unsendable extends Action {
  async action(name: string, { db }: Context): Promise<unknown> {
    await db.create(Team, { name })
    return { broken: () => undefined }
  }
}

class TooLarge extends Action {
  async action(name: string, { db }: Context): Promise<string> {
    await db.create(Team, { name })
    return 'x'.repeat(200_000)
  }
}

class Getter extends Action {
  async action(name: string, { db }: Context): Promise<unknown> {
    await db.create(Team, { name })
    return {
      get field(): never {
        throw new RangeError('not computed')
      },
    }
  }
}

class StreamResult extends Action {
  async *action(name: string, { db }: Context): AsyncGenerator<number, unknown> {
    await db.create(Team, { name })
    yield 1
    return { broken: () => undefined }
  }
}

class StreamItem extends Action {
  async *action(name: string, { db }: Context): AsyncGenerator<string> {
    await db.create(Team, { name })
    yield 'x'.repeat(200_000)
  }
}

/** Returns as if nothing had happened, when its caller has gone. */
class Deaf extends Action {
  static ended = 0
  async action(name: string, { db, signal }: Context): Promise<number> {
    await db.create(Team, { name })
    while (!signal.aborted) await new Promise((resolve) => setImmediate(resolve))
    Deaf.ended++
    return 1
  }
}

/** Assigns, and returns the row. */
class Rename extends Action {
  async action({ name, email }: { name: string; email: string }, { db }: Context) {
    const user = await db.create(User, { email, name })
    user.name = `${name}!`
    user.password = 'secret'
    return user
  }
}

class Has extends Action {
  async action(name: string, { db }: Context): Promise<boolean> {
    return (await db.count(Team, { name })) > 0
  }
}

const refusals: [string, typeof Refused | typeof Unsendable | typeof TooLarge, string][] = [
  ['is refused by its output schema', Refused, 'INVALID_OUTPUT'],
  ['is refused by an output schema that takes its time', RefusedLate, 'INVALID_OUTPUT'],
  ['cannot travel', Unsendable, 'UNSENDABLE'],
  ['is larger than a frame', TooLarge, 'TOO_LARGE'],
]

for (const kind of stores) {
  describeIn(kind, `What an action wrote to ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let harness: Harness
    let client: Client

    before(async function () {
      store = await kind.make(this)
      harness = await createHarness({
        actions: [
          ...[new Refused(), new RefusedLate(), new Unsendable(), new TooLarge(), new Getter()],
          ...[new StreamResult(), new StreamItem(), new Deaf(), new Rename(), new Has()],
        ],
        server: { features: [data({ models, ...store.options, maxConnections: 1 })] },
        client: { limits: { maxFrameBytes: 100_000 } },
      })
      client = harness.client
    })

    after(async () => {
      await harness?.close()
      await store?.remove()
    })

    for (const [what, action, code] of refusals) {
      it(`is taken back where its result ${what}`, async () => {
        const error = await failureOf(client.runAction(action, code))
        expect(error).to.include({ code })
        expect(await client.runAction(Has, code)).to.equal(false)
      })
    }

    it('is taken back where its result throws while it is read', async () => {
      expect(await failureOf(client.runAction(Getter, 'getter'))).to.be.instanceOf(Error)
      expect(await client.runAction(Has, 'getter')).to.equal(false)
    })

    it('is taken back where the result after its items cannot travel, and where an item cannot', async () => {
      const result = client.runAction(StreamResult, 'result')
      expect(await failureOf(itemsOf(result))).to.include({ code: 'UNSENDABLE' })
      expect(await failureOf(client.runAction(StreamItem, 'item'))).to.include({ code: 'TOO_LARGE' })
      expect(await client.runAction(Has, 'result')).to.equal(false)
      expect(await client.runAction(Has, 'item')).to.equal(false)
    })

    it('is taken back where its caller has given up before the end, whatever the action returns', async () => {
      Deaf.ended = 0
      expect(await failureOf(client.runAction(Deaf, 'deaf', { timeoutMs: 100 }))).to.include({
        code: 'DEADLINE_EXCEEDED',
      })
      await waitFor(() => Deaf.ended === 1, { what: 'the action to return', timeoutMs: 8_000 })
      expect(await client.runAction(Has, 'deaf')).to.equal(false)
    })

    it('is what the answer shows, with what was assigned and promised by setters', async () => {
      const row = await client.runAction(Rename, { name: 'Ann', email: `${kind.name}@example.org` })
      expect(row).to.include({ name: 'Ann!' })
    })
  })
}
