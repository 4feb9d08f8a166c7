// What a run sends on the side, and nobody awaits, when its caller has gone: tried in a process that an unhandled rejection ends.
import { expect } from 'chai'
import { Action, type Context, UnsendableError } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'

describe('what nobody awaits', function () {
  this.timeout(120_000)

  longIt('ends neither the process nor anybody else', async () => {
    const env = { NODE_OPTIONS: '--unhandled-rejections=strict' }
    const { stdout, stderr, code } = await startScript('spec/action/unawaited-server.ts', { env }).ended
    expect([stdout, code]).to.deep.equal(['served 14\n', 0], stderr)
  })

  it('rejects still for those who await it', async () => {
    const seen: unknown[] = []
    class Emit extends Action {
      async action(_data: undefined, { emit, signal }: Context<unknown>): Promise<void> {
        seen.push(await emit(() => undefined).catch((error: unknown) => error))
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        seen.push((await emit(1).catch((error: unknown) => error)) === signal.reason)
      }
    }
    await using harness = await createHarness({ actions: [new Emit()] })
    const call = harness.client.runAction(Emit)
    while (seen.length === 0) await harness.client.runAction('isock.ping')
    call.cancel()
    while (seen.length === 1) await harness.client.runAction('isock.ping')
    expect(seen[0]).to.be.instanceOf(UnsendableError)
    expect(seen[1]).to.equal(true)
  })
})
