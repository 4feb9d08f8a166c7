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
    await peer.call(1_024, { data: 100 as never })
    await settle()
    expect(peer.all(Kind.Item)).to.have.length(9)
    expect(action.emitted).to.equal(9)
    await peer.send({ kind: Kind.Credit, seq: 1_024, received: 9, granted: 1_024 * 1_024 })
    await settle()
    expect(action.emitted).to.equal(100)
    await peer.close()
    await world.close()
  })
})
