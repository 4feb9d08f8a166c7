// Actions that were made with another copy of the package, as when the command is installed apart from the project.
import { expect } from 'chai'
import { Action } from '../../lib/core/action/action.ts'
import { createHarness } from '../../lib/testing/harness.ts'

const otherCopy = '../../lib/core/action/action.ts?another-copy'

describe('an action of another copy of isock', () => {
  it('is registered, run and removed like any other', async () => {
    const { Action: OtherAction } = (await import(otherCopy)) as { Action: typeof Action }
    expect(OtherAction).to.not.equal(Action)
    class Echo extends OtherAction {
      override action(text: string): string {
        return text
      }
    }
    await using harness = await createHarness({ actions: [new Echo()] })
    expect(await harness.client.runAction(Echo, 'hi')).to.equal('hi')
    expect(harness.server.removeAction(Echo)).to.equal(true)
  })

  it('is refused where it is a contract only, and so is the base class itself', async () => {
    const { Action: OtherAction } = (await import(otherCopy)) as { Action: typeof Action }
    class Contract extends OtherAction {}
    await using harness = await createHarness()
    const { server } = harness
    expect(() => server.addAction(new Contract())).to.throw('has no action() method')
    expect(() => server.addAction(OtherAction as never)).to.throw('is not an action')
  })
})
