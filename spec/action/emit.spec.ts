// How fast a handler may emit: as fast as its caller reads.
import { expect } from 'chai'
import { defaultLimits } from '../../lib/base/options.ts'
import { Action, type Context } from '../../lib/index.ts'
import { Kind } from '../../lib/wire/frame.ts'
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
