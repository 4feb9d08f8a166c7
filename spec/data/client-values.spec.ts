// An object that a client sends where a pk is meant selects no row.

import { expect } from 'chai'
import { Action, type Context } from 'isock'
import { InvalidDataError, parseFilter } from 'isock/data'
import { createHarness, type Harness } from 'isock/testing'
import { z } from 'zod'
import { data } from '../../lib/data.ts'
import { failureOf } from '../setup/world.ts'
import { models, Team } from './models.ts'

type Input = { readonly id: string; readonly name?: string }

class Get extends Action {
  async action({ id }: Input, { db }: Context) {
    return db.get(Team, id)
  }
}
class Find extends Action {
  async action(id: string, { db }: Context) {
    return (await db.find(Team, id)) ?? 'none'
  }
}
class GetByPk extends Action {
  async action({ id }: Input, { db }: Context) {
    return db.get(Team, { pk: id })
  }
}
class GetByName extends Action {
  async action({ name = '' }: Input, { db }: Context) {
    return db.get(Team, { name })
  }
}
class GetParsed extends Action {
  async action(filter: unknown, { db }: Context) {
    return db.get(Team, parseFilter(filter, Team, { fields: ['name'] }))
  }
}
class GetChecked extends Action {
  static override readonly input = z.object({ name: z.string() })
  async action(filter: { name: string }, { db }: Context) {
    return db.get(Team, filter)
  }
}
class GetEach extends Action {
  async action(ids: AsyncIterable<string>, { db }: Context) {
    const found: string[] = []
    for await (const id of ids) found.push((await db.get(Team, id)).name)
    return found
  }
}

describe('What a client sends for a pk', () => {
  let harness: Harness
  let pk: string

  before(async () => {
    const actions = [Get, Find, GetByPk, GetByName, GetParsed, GetChecked, GetEach].map((Class) => new Class())
    harness = await createHarness({ actions, server: { features: [data({ models })] } })
    pk = await harness.server.db.transaction(async (db) => (await db.create(Team, { name: 'red' })).pk)
  })

  after(() => harness.close())

  const refused = async (
    call: PromiseLike<unknown>,
    message = 'Team: expected a pk, got an object that the client sent',
  ) => {
    const error = await failureOf(call)
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.include(message)
  }

  it('is a text', async () => {
    expect(await harness.client.runAction(Get, { id: pk })).to.include({ name: 'red' })
    expect(await harness.client.runAction(Find, pk)).to.include({ name: 'red' })
    expect(await harness.client.runAction(GetByPk, { id: pk })).to.include({ name: 'red' })
  })

  for (const id of [{ name: 'red' }, { lead: null }, { name: 'nobody' }] as unknown as string[]) {
    it(`is refused where it is ${JSON.stringify(id)}`, async () => {
      await refused(harness.client.runAction(Get, { id }))
      await refused(harness.client.runAction(Find, id))
      await refused(harness.client.runAction(GetByPk, { id }), 'Team.pk: expected a value')
    })
  }

  it('is refused where it is an object that asks for nothing', async () => {
    const nothing = {} as unknown as string
    await refused(harness.client.runAction(Find, nothing), 'expected a pk, or a filter with at least one condition')
    await harness.server.db.transaction(async (db) => {
      await refused(db.get(Team, {}), 'expected a pk, or a filter with at least one condition')
    })
  })

  it('is refused in each item of a stream', async () => {
    const ids = async function* () {
      yield pk
      yield { name: 'red' } as unknown as string
    }
    await refused(harness.client.runAction(GetEach, ids()))
  })

  it('is a value in a filter of the program, and a filter where that is parsed or checked', async () => {
    expect(await harness.client.runAction(GetByName, { id: '', name: 'red' })).to.include({ name: 'red' })
    expect(await harness.client.runAction(GetParsed, { name: 'red' })).to.include({ name: 'red' })
    expect(await harness.client.runAction(GetChecked, { name: 'red' })).to.include({ name: 'red' })
  })
})
