// The actions that every server has.
import { expect } from 'chai'
import { Action, ServerError } from 'isock'
import { createHarness, type Harness } from 'isock/testing'
import * as z from 'zod'
import { Count } from '../../shared-actions/count.ts'

class Book extends Action {
  static override description = 'Books seats.'
  static override input = z.object({ seats: z.int().default(1) })
  static override output = z.string()

  override action(): string {
    return 'booked'
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
