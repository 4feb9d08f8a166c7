// FrameLink over a link that is made of the spec's own hands: what leaves in which write, what comes in, how it ends.
import { expect } from 'chai'
import { LinkError, ProtocolError } from '../../lib/core/base/errors.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { plainHello } from '../hostile/raw-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { bytesOfFrames, framed, fromHex, toHex } from '../wire/frame-bytes.ts'
import { FrameLinkWorld } from './frame-link-world.ts'

describe('FrameLink', () => {
  it('sends all frames of a tick in one write, in order', async () => {
    const { link, fake } = FrameLinkWorld.established()
    link.send({ kind: Kind.Drain })
    link.send({ kind: Kind.Ack, seqs: [1] })
    link.send({ kind: Kind.Ping })
    expect(fake.writes).to.deep.equal([])
    await settle()
    link.send({ kind: Kind.Pong })
    await settle()
    expect(fake.writes.map(toHex)).to.deep.equal([
      '00 00 00 02 91 1b 00 00 00 04 92 1a 91 01 00 00 00 02 91 1c',
      '00 00 00 02 91 1d',
    ])
  })

  it('hands the first frames of a busy tick over before it ends, then twice as many each time', async () => {
    const { link, fake } = FrameLinkWorld.established()
    const sent: number[] = []
    for (let tick = 0; tick < 2; tick++) {
      for (let i = 0; i < 16 + 32 + 5; i++) {
        link.send({ kind: Kind.Ping })
        sent.push(fake.writes.length)
      }
      await settle()
      expect(fake.writes.map(({ length }) => length / 6)).to.deep.equal([16, 32, 5])
      fake.writes.length = 0
    }
    expect(sent.slice(14, 17)).to.deep.equal([0, 1, 1])
  })

  it('hands a large tick over in parts of some 256 KiB', async () => {
    const { link, fake } = FrameLinkWorld.established()
    for (let i = 0; i < 100; i++) link.send({ kind: Kind.Item, seq: 1, index: i, value: new Uint8Array(10_000) })
    expect(fake.writes.length).to.equal(4)
    await settle()
    expect(fake.writes).to.have.length(5)
    for (const write of fake.writes) expect(write.length).to.be.below(256 * 1024 + 10_100)
  })

  it('reads one frame of the handshake, then those of the session', () => {
    const world = new FrameLinkWorld()
    world.receive(bytesOfFrames(plainHello))
    world.link.establish(world.sink)
    world.receive(bytesOfFrames({ kind: Kind.Drain }, { kind: Kind.Ack, seqs: [5] }))
    expect(world.frames).to.deep.equal([plainHello, { kind: Kind.Drain }, { kind: Kind.Ack, seqs: [5] }])
  })

  it('reads frames of the session that come in one piece with the handshake, where the sink takes over at once', () => {
    const world = new FrameLinkWorld()
    const large = { kind: Kind.Item, seq: 1, index: 0, value: 'x'.repeat(10_000) } as const
    world.sink.onFrame = (frame) => {
      world.frames.push(frame)
      if (frame.kind === Kind.Hello) world.link.establish(world.sink)
    }
    world.receive(bytesOfFrames(plainHello, large))
    expect(world.frames).to.deep.equal([plainHello, large])
  })

  it('takes no more than 4 KiB before it is established, whatever the limits', () => {
    const world = new FrameLinkWorld({ maxFrameBytes: 1_000_000 })
    world.receive(fromHex('00001001'))
    expect(world.ends[0])
      .to.be.instanceOf(ProtocolError)
      .with.property('message', 'frame of 4097 bytes, at most 4096 are accepted')
    expect(world.fake.closedHow).to.equal('abort')
  })

  it('answers PING, and keeps PONG to itself', async () => {
    const world = FrameLinkWorld.established()
    world.receive(bytesOfFrames({ kind: Kind.Ping }, { kind: Kind.Pong }))
    await settle()
    expect(world.frames).to.deep.equal([])
    expect(world.fake.writes.map(toHex)).to.deep.equal(['00 00 00 02 91 1d'])
  })

  it('ends with ProtocolError for bytes that are no frame, and hears no more', () => {
    const world = FrameLinkWorld.established()
    world.receive(
      Buffer.concat([
        bytesOfFrames({ kind: Kind.Drain }),
        framed(fromHex('91 7f')),
        bytesOfFrames({ kind: Kind.Drain }),
      ]),
    )
    world.receive(bytesOfFrames({ kind: Kind.Drain }))
    expect(world.frames).to.deep.equal([{ kind: Kind.Drain }])
    expect(world.ends).to.have.length(1)
    expect(world.ends[0]).to.be.instanceOf(ProtocolError)
    expect(world.fake.closedHow).to.equal('abort')
  })

  it('ends, and nothing else, when its sink throws', () => {
    const world = FrameLinkWorld.established()
    world.sink.onFrame = () => {
      throw new TypeError('a fault of ours')
    }
    world.receive(bytesOfFrames({ kind: Kind.Drain }))
    expect(world.ends[0]).to.be.instanceOf(ProtocolError)
    expect(world.ends[0]?.cause).to.be.instanceOf(TypeError)
  })

  it('ends once when its sink closes it in the handshake, and throws then', () => {
    const world = new FrameLinkWorld()
    const reason = new LinkError('enough')
    world.sink.onFrame = () => {
      void world.link.close(reason, 'abort')
      throw new TypeError('a fault of ours')
    }
    expect(() => world.receive(bytesOfFrames(plainHello))).to.not.throw()
    expect(world.ends).to.deep.equal([reason])
  })

  it('stops in the middle of a chunk when its sink closes it', () => {
    const world = FrameLinkWorld.established()
    world.sink.onFrame = (frame) => {
      world.frames.push(frame)
      world.link.close(new LinkError('enough'))
    }
    world.receive(bytesOfFrames({ kind: Kind.Drain }, { kind: Kind.Drain }))
    expect(world.frames).to.have.length(1)
  })

  it('is blocked from a write that was not taken until the link drains, and says so once', async () => {
    const { link, fake, ...world } = FrameLinkWorld.established()
    fake.takesMore = false
    link.send({ kind: Kind.Drain })
    await settle()
    expect(link.isBlocked).to.equal(true)
    fake.takesMore = true
    fake.handler?.onDrain()
    expect(link.isBlocked).to.equal(false)
    expect(world.ends).to.deep.equal([])
  })

  it('closes a slow consumer once more than maxWriteQueueBytes wait, and starts to count anew when it drained', async () => {
    const world = FrameLinkWorld.established({ maxWriteQueueBytes: 10_000 })
    const { link, fake } = world
    fake.takesMore = false
    const sendSome = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        link.send({ kind: Kind.Item, seq: 1, index: i, value: 'x'.repeat(2_000) })
        await settle()
      }
    }
    await sendSome(5)
    fake.handler?.onDrain()
    expect(world.writables).to.equal(1)
    await sendSome(5)
    expect(world.ends).to.deep.equal([])
    await sendSome(1)
    expect(world.ends.map((reason) => reason.message)).to.deep.equal([
      'the peer reads too slowly: more than 10000 bytes are queued',
    ])
    expect(fake.closedHow).to.equal('abort')
  })

  it('does not hold a frame that is larger than maxWriteQueueBytes against the peer', async () => {
    const { link, fake, ends } = FrameLinkWorld.established({ maxWriteQueueBytes: 10_000 })
    fake.takesMore = false
    link.send({ kind: Kind.Result, seq: 1, items: 0, value: new Uint8Array(50_000) })
    await settle()
    link.send({ kind: Kind.Pong })
    await settle()
    expect(ends).to.deep.equal([])
  })

  it('flushes what was said before it closes, and nothing after', async () => {
    const { link, fake, ends } = FrameLinkWorld.established()
    link.send({ kind: Kind.Bye, isClean: true })
    await link.close(new LinkError('over'))
    link.send({ kind: Kind.Ping })
    await settle()
    expect(fake.writes.map(toHex)).to.deep.equal(['00 00 00 03 92 1e 01'])
    expect(fake.closedHow).to.equal('flush')
    expect(ends.map((reason) => reason.message)).to.deep.equal(['over'])
  })

  it('says nothing more when it is aborted', async () => {
    const { link, fake } = FrameLinkWorld.established()
    link.send({ kind: Kind.Ping })
    void link.close(new LinkError('over'), 'abort')
    await settle()
    expect(fake.writes).to.deep.equal([])
  })

  it('tells its end once, with the first reason', () => {
    const world = FrameLinkWorld.established()
    void world.link.close(new LinkError('first'))
    void world.link.close(new LinkError('second'), 'abort')
    world.fake.handler?.onEnd(new Error('third'))
    expect(world.ends.map((reason) => reason.message)).to.deep.equal(['first'])
    expect(world.clock.pendingCount).to.equal(0)
  })

  it('tells why the link ended by itself', () => {
    const ended = FrameLinkWorld.established()
    ended.fake.handler?.onEnd(undefined)
    expect(ended.ends[0]).to.be.instanceOf(LinkError).with.property('message', 'the peer closed the link')
    const broken = FrameLinkWorld.established()
    broken.fake.handler?.onEnd(new Error('ECONNRESET'))
    expect(broken.ends[0]).to.be.instanceOf(LinkError).with.property('message', 'the link failed: ECONNRESET')
  })

  it('pings a silent peer, and closes the link when it stays silent', async () => {
    const world = FrameLinkWorld.established()
    await world.clock.advance(20_000)
    expect(world.fake.writes.map(toHex)).to.deep.equal(['00 00 00 02 91 1c'])
    await world.clock.advance(30_000)
    expect(world.ends[0]?.message).to.equal('the link is dead: nothing received for 45000 ms')
    expect(world.clock.pendingCount).to.equal(0)
  })

  it('cuts a frame that trickles in, and not a link that is busy with one after the other', async () => {
    const world = FrameLinkWorld.established()
    const item = bytesOfFrames({ kind: Kind.Item, seq: 1, index: 0, value: 'x'.repeat(100) })
    world.receive(item.subarray(0, 50))
    for (let second = 0; second < 120; second++) {
      world.receive(Buffer.concat([item.subarray(50), item.subarray(0, 50)]))
      await world.clock.advance(1_000)
    }
    expect(world.ends).to.deep.equal([])
    for (let second = 0; second < 36; second++) {
      world.receive(item.subarray(50 + second, 51 + second))
      await world.clock.advance(1_000)
    }
    expect(world.ends[0]?.message).to.match(/^the link is dead: only \d\d bytes of a frame arrived in 3[05]000 ms$/)
  })

  it('cuts a peer that goes on talking and does not take what was written, and says that it is slow before', async () => {
    const world = FrameLinkWorld.established()
    const { link, fake, clock, ends } = world
    const talk = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        fake.handler?.onBytes(bytesOfFrames({ kind: Kind.Drain }))
        await clock.advance(1_000)
      }
    }
    fake.takesMore = false
    link.send({ kind: Kind.Result, seq: 1, items: 0, value: new Uint8Array(160_000) })
    await talk(11)
    expect(link.isSlow).to.equal(true)
    fake.handler?.onDrain()
    await talk(11)
    expect(link.isSlow).to.equal(false)
    link.send({ kind: Kind.Result, seq: 1, items: 0, value: new Uint8Array(160_000) })
    await talk(54)
    expect(ends).to.deep.equal([])
    await talk(10)
    expect(ends[0]?.message).to.match(/^the link is dead: the peer did not read 1600\d\d bytes in (55|60)000 ms$/)
    expect(world.writables).to.equal(1)
  })

  it('does not add up the times of writes that were each taken', async () => {
    const { link, fake, clock, ends } = FrameLinkWorld.established()
    fake.takesMore = false
    for (let second = 0; second < 100; second++) {
      link.send({ kind: Kind.Drain })
      fake.handler?.onBytes(bytesOfFrames({ kind: Kind.Drain }))
      await clock.advance(900)
      fake.handler?.onDrain()
      link.send({ kind: Kind.Drain })
      await clock.advance(100)
    }
    expect(ends).to.deep.equal([])
    expect(link.isSlow).to.equal(false)
  })

  it('is slow while one frame takes long to come in, and shows life to its sender', async () => {
    const { link, fake, clock } = FrameLinkWorld.established()
    const item = bytesOfFrames({ kind: Kind.Item, seq: 1, index: 0, value: 'x'.repeat(100) })
    for (let second = 0; second < 16; second++) {
      fake.handler?.onBytes(item.subarray(second, second + 1))
      await clock.advance(1_000)
    }
    expect(link.isSlow).to.equal(true)
    expect(fake.writes.map(toHex)).to.deep.equal(['00 00 00 02 91 1d'])
  })

  it('is slow while its peer says so by a PONG that nobody asked for', async () => {
    const { link, fake } = FrameLinkWorld.established()
    expect(link.isSlow).to.equal(false)
    fake.handler?.onBytes(bytesOfFrames({ kind: Kind.Pong }))
    expect(link.isSlow).to.equal(true)
  })

  it('sets no heartbeat before the peer was let in', () => {
    expect(new FrameLinkWorld().clock.pendingCount).to.equal(0)
  })
})
