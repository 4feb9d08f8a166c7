// A FrameLink over a link that is made of the spec's own hands, and everything that its sink was told.
import type { IsockError } from '../../lib/core/base/errors.ts'
import { defaultLimits, type Limits } from '../../lib/core/base/options.ts'
import { FrameLink } from '../../lib/core/link/frame-link.ts'
import type { Link, LinkHandler, Peer } from '../../lib/core/link/link.ts'
import type { LinkAccount } from '../../lib/core/link/link-holdings.ts'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import type { Frame } from '../../lib/core/wire/frames/frame.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

class FakeLink implements Link {
  readonly peer: Peer = { transport: 'memory', description: 'fake', isPrivate: true }
  readonly writes: Buffer[] = []
  takesMore = true
  closedHow: 'flush' | 'abort' | undefined
  /** When its close is over. */
  released: Promise<void> = Promise.resolve()
  handler: LinkHandler | undefined

  open(handler: LinkHandler): void {
    this.handler = handler
  }

  write(chunks: readonly Uint8Array[]): boolean {
    this.writes.push(Buffer.concat(chunks))
    return this.takesMore
  }

  async close(how: 'flush' | 'abort'): Promise<void> {
    this.closedHow ??= how
    await this.released
  }

  keepProcessAlive(): void {}
}

/** A FrameLink, its fake link, and everything that its sink was told. */
export class FrameLinkWorld {
  readonly clock = new VirtualClock()
  readonly fake = new FakeLink()
  readonly frames: Frame[] = []
  readonly ends: IsockError[] = []
  writables = 0
  readonly link: FrameLink
  readonly sink = {
    onFrame: (frame: Frame) => {
      this.frames.push(frame)
    },
    onLinkWritable: () => {
      this.writables++
    },
    onLinkEnd: (reason: IsockError) => {
      this.ends.push(reason)
    },
  }

  constructor(limits: Partial<Limits> = {}, account?: LinkAccount) {
    this.link = new FrameLink(this.fake, {
      ...(account === undefined ? {} : { account }),
      clock: this.clock,
      slabs: new Slabs(),
      limits: { ...defaultLimits, ...limits },
    })
    this.link.open(this.sink)
  }

  static established(limits: Partial<Limits> = {}, account?: LinkAccount): FrameLinkWorld {
    const world = new FrameLinkWorld(limits, account)
    world.link.establish(world.sink)
    return world
  }

  receive(bytes: Uint8Array): void {
    this.fake.handler?.onBytes(bytes)
  }
}
