// How fast a handler may emit: as fast as its caller reads.
import { expect } from 'chai'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Context } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { World } from '../setup/world.ts'

class Emit extends Action {
  emitted = 0

  async action(count: number, { emit, signal }: Context<string>) {
    for (let i = 0; i < count && !signal.aborted; i++) {
      await emit('x'.repeat(1_000))
      this.emitted++
    }
  }
}

/** A source that has nothing to give yet, and hears when nobody wants it any more. */
class Wait extends Action {
  left = 0

  action(): AsyncIterable<string> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<string>>(() => undefined),
        return: async () => {
          this.left++
          return { done: true, value: undefined }
        },
      }),
    }
  }
}

describe('A source that waits for something to give', () => {
  it('is left at once when its caller goes', async () => {
    const world = new World()
    const action = new Wait()
    await world.serve([action])
    const client = world.client()
    const controller = new AbortController()
    const call = client.runAction(Wait, undefined, { signal: controller.signal })
    const ended = call.then(
      () => 'returned',
      () => 'ended',
    )
    await settle()
    expect(action.left).to.equal(0)
    controller.abort()
    await settle()
    expect(action.left).to.equal(1)
    expect(await ended).to.equal('ended')
    await world.close()
  })
})

describe('A handler that awaits its emit()', () => {
  it('goes no further than its caller reads', async () => {
    const world = new World()
    const action = new Emit()
    await world.serve([action])
    const peer = await FramePeer.enter(world, ['Emit'], { limits: { ...defaultLimits, streamWindowBytes: 8 * 1_024 } })
    await peer.call(1_024, { data: '100' })
    await settle()
    const sent = peer.all(Kind.Item).length
    expect(sent).to.equal(8)
    expect(action.emitted).to.equal(sent)
    await peer.send({ kind: Kind.Credit, seq: 1_024, received: sent, granted: 1_024 * 1_024 })
    await settle()
    expect(action.emitted).to.equal(2 * sent)
    await peer.close()
    await world.close()
  })
})
