// A client that a spec plays itself, frame by frame, over a link in virtual memory.
import type { IsockError } from '../../lib/core/base/errors.ts'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { FrameLink } from '../../lib/core/link/frame-link.ts'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import {
  type CallFrame,
  type Frame,
  type HelloFrame,
  Kind,
  peerLimitsOf,
  type SessionFrame,
  type WelcomeFrame,
} from '../../lib/core/wire/frames/frame.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { settle } from './virtual-clock.ts'
import type { World } from './world.ts'

type FrameOf<K extends Frame['kind']> = Extract<Frame, { kind: K }>

const codec = new StandardCodec(new ClassRegistry())

export class FramePeer {
  readonly received: Frame[] = []
  /** Why the link ended, if it did. */
  endReason: IsockError | undefined
  readonly #link: FrameLink

  private constructor(world: World, name: string) {
    const link = new FrameLink(world.network.dial(name), {
      clock: world.clock,
      limits: defaultLimits,
      slabs: new Slabs(),
    })
    this.#link = link
    const sink = {
      onFrame: (frame: Frame): void => {
        this.received.push(frame)
        if (frame.kind === Kind.Welcome) link.establish(sink)
      },
      onLinkWritable: () => undefined,
      onLinkEnd: (reason: IsockError) => {
        this.endReason = reason
      },
    }
    link.open(sink)
  }

  /** Connects and says HELLO; action names are introduced as refs 0, 1, ... */
  static async enter(world: World, names: readonly string[] = [], hello: Partial<HelloFrame> = {}): Promise<FramePeer> {
    const peer = new FramePeer(world, 'server')
    peer.#link.send({
      kind: Kind.Hello,
      version: 1,
      features: 0,
      sessionId: undefined,
      resumeSecret: undefined,
      name: undefined,
      limits: peerLimitsOf(defaultLimits),
      credentials: {},
      ...hello,
    })
    await settle()
    for (const [ref, name] of names.entries()) peer.#link.send({ kind: Kind.Name, ref, name, contract: undefined })
    return peer
  }

  /** Comes back over another link, with the session's secret. */
  static resume(world: World, former: FramePeer, names: readonly string[] = []): Promise<FramePeer> {
    const { sessionId, resumeSecret } = former.welcome
    return FramePeer.enter(world, names, { sessionId, resumeSecret })
  }

  get welcome(): WelcomeFrame {
    return this.all(Kind.Welcome)[0] as WelcomeFrame
  }

  async send(...frames: readonly SessionFrame[]): Promise<void> {
    for (const frame of frames) this.#link.send(frame)
    await settle()
  }

  /** A CALL of the first introduced action. */
  call(seq: number, more: Partial<CallFrame> = {}): Promise<void> {
    const plain = { attempt: 1, remainingMs: undefined, inputs: 0, data: undefined }
    return this.send({ kind: Kind.Call, seq, ref: 0, ...plain, ...more })
  }

  all<K extends Frame['kind']>(kind: K): FrameOf<K>[] {
    return this.received.filter((frame): frame is FrameOf<K> => frame.kind === kind)
  }

  /** The values of the results that came, by call. */
  get results(): [seq: number, value: unknown][] {
    return this.all(Kind.Result).map(({ seq, value }) => [seq, codec.decode(value)])
  }

  /** The errors that came, by call, and whether they say that nothing started. */
  get failures(): [seq: number, code: string, notStarted: boolean][] {
    return this.all(Kind.Failure).map(({ seq, error, notStarted }) => [
      seq,
      (codec.decode(error) as IsockError).code,
      notStarted,
    ])
  }

  close(): Promise<void> {
    return this.#link.close({ message: 'done' } as IsockError, 'abort')
  }
}
