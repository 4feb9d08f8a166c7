// Who writes first when a full link takes more: nobody waits for as long as somebody else has something to say.
import { expect } from 'chai'
import { LinkTurns } from '../../lib/core/session/link-turns.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Context } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { Work, World } from '../setup/world.ts'

/** A link that takes so many frames each time, and entries that always have more. */
class Writers {
  readonly written: string[] = []
  #room = 0
  readonly #turns = new LinkTurns(this)

  get isWritable(): boolean {
    return this.#room > 0
  }

  drain(frames: number): void {
    this.#room = frames
    const write = (what: string) => (): void => {
      if (this.#room-- > 0) this.written.push(what)
    }
    const pump = (stream: string): boolean => {
      if (stream !== 'none') write(stream)()
      return stream !== 'none'
    }
    this.#turns.take(['a', 'none', 'b', 'c'], pump, { sendWaiting: write('other') })
  }
}

describe('The turns of a link', () => {
  it('go by turns to streams and to what is no stream', () => {
    const writers = new Writers()
    for (let drain = 0; drain < 4; drain++) writers.drain(1)
    expect(writers.written.filter((what) => what === 'other')).to.have.length(2)
  })

  it('go to the streams one after the other', () => {
    const writers = new Writers()
    for (let drain = 0; drain < 12; drain++) writers.drain(1)
    const streams = writers.written.filter((what) => what !== 'other')
    expect(streams).to.deep.equal(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('go to all where there is room for all', () => {
    const writers = new Writers()
    writers.drain(4)
    expect(writers.written.sort()).to.deep.equal(['a', 'b', 'c', 'other'])
  })

  it('go to nobody twice where nobody is left', () => {
    const turns = new LinkTurns({ isWritable: true })
    turns.take([], () => expect.fail('no entry'), { sendWaiting: () => undefined })
  })
})

/** Items without end. */
class Flood extends Action {
  async action(_data: unknown, { emit, signal }: Context<string>) {
    while (!signal.aborted) await emit('x'.repeat(300_000))
  }
}

describe('A session whose link is full', () => {
  it('sends answers beside streams that always have more', async () => {
    const world = new World()
    const work = new Work()
    await world.serve([work, new Flood()], { limits: { streamWindowBytes: 2 ** 30 } })
    const peer = await FramePeer.enter(world, ['Work', 'Flood'], {
      limits: { maxFrameBytes: 2 ** 22, maxCallsInFlight: 10, streamWindowBytes: 2 ** 30, maxInFlightBytes: 2 ** 26 },
    })
    const { wire } = world.network
    await peer.call(1_024)
    wire.block('down')
    await peer.call(1_025, { ref: 1 })
    await peer.call(1_026, { ref: 1 })
    work.run.finish('answered')
    await settle()
    for (let drain = 0; drain < 10; drain++) {
      wire.drain('down')
      await settle()
    }
    expect(peer.results).to.deep.equal([[1_024, 'answered']])
    const counts = [1_025, 1_026].map(
      (seq) => peer.received.filter((frame) => frame.kind === Kind.Item && frame.seq === seq).length,
    )
    for (const count of counts) expect(count).to.be.at.least(2)
    for (const seq of [1_025, 1_026]) await peer.send({ kind: Kind.Cancel, seq, reason: 0 })
    wire.unblock('down')
    await settle()
    await peer.close()
    await world.close()
  })
})
