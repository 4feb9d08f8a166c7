// Streams and their units of work: how they end where nobody reads them.

import { expect } from 'chai'
import { Action, type Context } from 'isock'
import { createHarness } from 'isock/testing'
import { data } from '../../lib/data.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { models, Team } from './models.ts'

class Late extends Action {
  static isLeft = false

  /** Returns what it streams only when nobody waits for it any more. */
  async action(_: undefined, { db, signal }: Context) {
    await db.create(Team, { name: 'late' })
    while (!signal.aborted) await new Promise((resolve) => setImmediate(resolve))
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: 1 }),
        return: async () => {
          Late.isLeft = true
          return { done: true as const, value: undefined }
        },
      }),
    }
  }
}

class Add extends Action {
  async action(name: string, { db }: Context): Promise<number> {
    await db.create(Team, { name })
    return db.count(Team)
  }
}

describe('A stream of an action with data', function () {
  this.timeout(120_000)

  it('lets go of the store where it is left before its first item', async () => {
    Late.isLeft = false
    const harness = await createHarness({
      actions: [new Late(), new Add()],
      server: { features: [data({ models, waitMs: 2_000 })] },
    })
    try {
      const { client } = harness
      await failureOf(client.runAction(Late, undefined, { timeoutMs: 200 }))
      await waitFor(() => Late.isLeft, { what: 'the stream to be left', timeoutMs: 8_000 })
      expect(await client.runAction(Add, 'next')).to.equal(1)
    } finally {
      await harness.close()
    }
  })
})
