// catchError: one class of errors is an answer, all others still reject.
import { expect } from 'chai'
import { Action, ActionError, ClientError } from '../../lib/index.ts'
import { createHarness, type Harness } from '../../lib/testing/harness.ts'
import { failureOf } from '../setup/world.ts'

class OutOfStock extends ActionError {
  readonly left: number

  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

class Take extends Action {
  static override errors = [OutOfStock, RangeError]

  action(wanted: number) {
    if (wanted < 0) throw new RangeError('too few')
    if (wanted > 3) throw new OutOfStock(3)
    return wanted
  }
}

describe('catchError', () => {
  let harness: Harness

  before(async () => {
    harness = await createHarness({ actions: [new Take()] })
  })

  after(() => harness.close())

  it('resolves with what the handler returns for an error of the class, or of a subclass', async () => {
    const { client } = harness
    expect(await client.runAction(Take, 9).catchError(OutOfStock, ({ left }) => left)).to.equal(3)
    expect(await client.runAction(Take, 9).catchError(ActionError, async () => 'later')).to.equal('later')
  })

  it('leaves results and all other errors alone', async () => {
    const { client } = harness
    const handler = () => expect.fail('it was called')
    expect(await client.runAction(Take, 2).catchError(OutOfStock, handler)).to.equal(2)
    expect(await failureOf(client.runAction(Take, -1).catchError(OutOfStock, handler))).to.be.instanceOf(RangeError)
  })

  it('rejects with what the handler throws', async () => {
    const failed = harness.client.runAction(Take, 9).catchError(OutOfStock, () => {
      throw new TypeError('on purpose')
    })
    expect(await failureOf(failed))
      .to.be.instanceOf(TypeError)
      .and.include({ message: 'on purpose' })
  })

  it('handles errors of isock', async () => {
    const { client } = harness
    const call = client.runAction(Take, 1, { retry: -1 })
    expect(await call.catchError(ClientError, ({ code }) => code)).to.equal('INVALID_OPTION')
  })

  it('takes a class and a function', () => {
    const call = harness.client.runAction(Take, 1)
    expect(() => call.catchError('OutOfStock' as never, () => 1)).to.throw(ClientError, 'option Class')
    expect(() => call.catchError(OutOfStock, undefined as never)).to.throw(ClientError, 'option handler')
  })
})
