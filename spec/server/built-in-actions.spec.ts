// The actions that every server has.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect } from 'chai'
import { Action, type Server, ServerError } from 'isock'
import { createHarness, type Harness } from 'isock/testing'
import * as z from 'zod'
import { builtInActions } from '../../lib/core/server/built-in-actions.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec, type ValueCodec } from '../../lib/core/wire/value-codec.ts'
import { Count } from '../../shared-actions/count.ts'
import { failureOf, World } from '../setup/world.ts'

class Book extends Action {
  static override description = 'Books seats.'
  static override input = z.object({ seats: z.int().default(1) })
  static override output = z.string()

  override action(): string {
    return 'booked'
  }
}

/** A schema that counts how often its JSON Schema is made. */
class CountedSchema implements StandardSchemaV1<unknown, unknown> {
  made: string[] = []
  readonly #make = (side: string) => (): object => {
    this.made.push(side)
    return { type: 'string', description: `${side} ${this.made.length}` }
  }
  readonly '~standard' = {
    version: 1,
    vendor: 'counted',
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: this.#make('input'), output: this.#make('output') },
  } as const

  /** What was made since this was last asked. */
  taken(): string[] {
    const { made } = this
    this.made = []
    return made
  }
}

class Clash extends Action {
  static override actionName = 'isock.actions'

  override action(): string {
    return 'mine'
  }
}

class Contract extends Action<number, string, number> {}

describe('built-in actions', () => {
  let harness: Harness

  beforeEach(async () => {
    harness = await createHarness({ actions: [new Book(), new Count()] })
    harness.server.addActions({ plain: () => 1, async *flow() {} })
    harness.server.addAction(Contract, async function* (upTo) {
      yield upTo
      return 'done'
    })
  })

  afterEach(() => harness.close())

  it('list the others with kind, schemas and description', async () => {
    const listings =
      await harness.client.runAction<{ name: string; kind: string; input?: object; output?: object }[]>('isock.actions')
    expect(listings.map(({ name, kind }) => `${name} ${kind}`)).to.deep.equal([
      'Book action',
      'Count stream',
      'plain function',
      'flow stream',
      'Contract stream',
    ])
    const [book, count] = listings
    expect(book).to.include({ description: 'Books seats.' })
    // seats may be left out on the way in, and is there on the way out.
    expect(book?.input).to.not.have.property('required')
    expect(book?.output).to.include({ type: 'string' })
    expect(count).to.have.all.keys('name', 'kind')
  })

  it('list them as JSON text too, all or one', async () => {
    const { client } = harness
    const listings = await client.runAction<{ name: string }[]>('isock.actions')
    expect(JSON.parse(await client.runAction<string>('isock.actions.json'))).to.deep.equal(listings)
    expect(JSON.parse(await client.runAction<string>('isock.actions.json', 'Count'))).to.deep.equal(listings[1])
    expect(await client.runAction('isock.actions.json', 'Missing')).to.equal(undefined)
    expect(await client.runAction('isock.actions.json', 'isock.ping')).to.equal(undefined)
    expect(await failureOf(client.runAction('isock.actions.json', { name: 'Count' }))).to.include({
      code: 'BAD_REQUEST',
      message: 'isock.actions.json takes the name of an action, or nothing for all of them; got an instance of Object',
    })
  })

  it('answer a ping', async () => {
    expect(await harness.client.runAction('isock.ping')).to.equal(undefined)
  })

  it('are not listed, and cannot be removed, replaced or suggested', async () => {
    const { server, client } = harness
    expect(server.actionNames).to.not.include('isock.actions')
    expect(server.actions.map(({ name }) => name)).to.not.include('isock.ping')
    expect(server.removeAction('isock.actions')).to.equal(false)
    expect(() => server.addAction(new Clash())).to.throw(ServerError, "is isock's own; use another actionName")
    expect(await client.runAction('isock.actions')).to.be.an('array')
    const outcome = await client.runAction('isock.action').outcome()
    expect(!outcome.ok && String(outcome.error)).to.not.include('did you mean')
  })
})

describe('The JSON Schemas of actions', () => {
  let world: World
  let server: Server
  let schema: CountedSchema
  let action: Action<unknown, unknown>
  let Counted: new () => Action<unknown, unknown>

  beforeEach(async () => {
    world = new World()
    schema = new CountedSchema()
    Counted = class extends Action<unknown, unknown> {
      static override actionName = 'Counted'
      static override input = schema
      static override output = schema
      override action(data: unknown) {
        return data
      }
    }
    action = new Counted()
    server = await world.serve([action])
    schema.taken()
  })

  afterEach(() => world.close())

  /** Asks as several clients do, in all ways. */
  const listed = async (): Promise<{ readonly name: string; readonly input?: object }[]> => {
    for (const client of [world.client(), world.client()]) {
      await client.runAction('isock.actions')
      await client.runAction('isock.actions.json')
      await client.runAction('isock.actions.json', 'Counted')
    }
    return world.client().runAction('isock.actions')
  }

  it('are made when they are first asked for, and then kept', async () => {
    await listed()
    await listed()
    expect(schema.taken()).to.deep.equal(['input', 'output'])
  })

  it('are kept while other actions come and go', async () => {
    await listed()
    schema.taken()
    server.addActions({ other: () => 1 })
    expect((await listed()).map(({ name }) => name)).to.deep.equal(['Counted', 'other'])
    server.removeAction('other')
    expect((await listed()).map(({ name }) => name)).to.deep.equal(['Counted'])
    expect(schema.taken()).to.deep.equal([])
  })

  it('are made again when the action is added again, or another in its place', async () => {
    await listed()
    for (const next of [action, new Counted()]) {
      schema.taken()
      server.removeAction('Counted')
      expect(await listed()).to.deep.equal([])
      server.addAction(next)
      expect((await listed())[0]?.input).to.deep.equal({ type: 'string', description: 'input 1' })
      expect(schema.taken()).to.deep.equal(['input', 'output'])
    }
  })

  it('are encoded once, as long as no action comes or goes', async () => {
    const texts: unknown[] = []
    const standard = new StandardCodec(new ClassRegistry())
    const encode: ValueCodec['encode'] = (value, ...more) => {
      texts.push(value)
      return standard.encode(value, ...more)
    }
    const built = builtInActions(
      () => server.actions,
      () => [],
      { encode, decode: () => undefined, decodedWeight: 0 },
    )
    const ask = (): unknown[] =>
      built.flatMap((each) => [undefined, 'Counted'].map((name) => each.action(name, {} as never)))
    ask()
    // The list as it is and as text, and the one as text.
    expect(texts).to.have.length(3)
    ask()
    expect(texts).to.have.length(3)
    server.addActions({ other: () => 1 })
    ask()
    expect(texts).to.have.length(5)
  })

  it('are made once for the contract, whoever compares it', async () => {
    schema = new CountedSchema()
    class Asked extends Action<unknown, unknown> {
      static override input = schema
      static override output = schema
      override action(data: unknown) {
        return data
      }
    }
    server.addAction(new Asked())
    for (const client of [world.client(), world.client()]) expect(await client.runAction(Asked, 'hi')).to.equal('hi')
    server.removeAction(Asked)
    server.addAction(new Asked())
    expect(schema.taken()).to.have.length(1)
  })
})
