// What a client keeps of listening to processes that is over: nothing.
import { expect } from 'chai'
import { Process, type ProcessContext } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { untilForgotten } from '../setup/garbage.ts'

class Clock extends Process<{ tick: number }> {
  run({ signal }: ProcessContext<{ tick: number }>) {
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}

describe('A client that listened to a process', () => {
  it('keeps nothing of it once that is over', async () => {
    await using harness = await createHarness()
    const { client, server } = harness
    server.addProcess(new Clock())
    const begun: WeakRef<object>[] = []
    const beginAndEnd = async (): Promise<void> => {
      const listening = client.onProcess(Clock)
      begun.push(new WeakRef(listening))
      await listening.ready
      listening.stop()
      await listening.done
    }
    for (let i = 0; i < 10; i++) await beginAndEnd()
    await untilForgotten(begun, 'ten that are over')
    expect(server.sessions).to.have.length(1)
  }).timeout(30_000)
})
