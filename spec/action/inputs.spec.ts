// What becomes of the source of a call's input where the call never begins, or where the source fails.
import { expect } from 'chai'
import { Action, ClientError } from '../../lib/index.ts'
import { failureOf, World } from '../setup/world.ts'

class Total extends Action {
  async action(numbers: AsyncIterable<number>) {
    let total = 0
    for await (const number of numbers) total += number
    return total
  }
}

describe('The input of a call', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  afterEach(() => world.close())

  it('is left, and not read, where the call is refused before it is sent', async () => {
    const client = world.client({ limits: { maxQueuedCalls: 1 } })
    const first = client.runAction('Work', 1)
    const asked: string[] = []
    const source = {
      next: async () => {
        asked.push('next')
        return { done: false, value: 1 } as const
      },
      return: async () => {
        asked.push('return')
        return { done: true, value: undefined } as const
      },
    }
    const error = await failureOf(client.runAction('Work', { [Symbol.asyncIterator]: () => source }))
    expect(error).to.be.instanceOf(ClientError).with.property('notStarted', true)
    expect(asked).to.deep.equal(['return'])
    first.cancel()
    await failureOf(first)
  })

  it('that fails is what its call is rejected with, as it is', async () => {
    await world.serve([new Total()])
    const failure = new Error('the source is dry')
    const { stack } = failure
    async function* numbers(): AsyncGenerator<number> {
      yield 1
      throw failure
    }
    expect(await failureOf(world.client().runAction(Total, numbers()))).to.equal(failure)
    expect(failure.stack).to.equal(stack)
  })
})
