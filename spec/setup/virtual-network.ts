// A network in memory whose connections a spec can cut, hold up, block or swallow, and whose frames it can read.
import { LinkError } from '../../lib/core/base/errors.ts'
import type { Link, LinkHandler, Peer } from '../../lib/core/link/link.ts'
import { MemoryNetwork } from '../../lib/core/link/memory-network.ts'
import type { Frame } from '../../lib/core/wire/frames/frame.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { readHandshakeFrame, readSessionFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'

/** up: from who dialled to who listens. */
export type Direction = 'up' | 'down'

/** How a connection ends: in order, because a page was left, broken, or so that nobody is told. */
export type Cut = 'fin' | 'gone' | 'rst' | 'silent'

/** What happens to a frame on its way: it passes, or it is lost and the connection is cut before or just after it. */
export type Fate = 'pass' | 'lose and cut' | 'pass and cut'

export type Judge = (frame: Frame, direction: Direction, wire: Wire) => Fate | undefined

type WireJudge = (frame: Frame, direction: Direction) => Fate

export class VirtualNetwork extends MemoryNetwork {
  /** All connections that were ever made, the newest last. */
  readonly wires: Wire[] = []
  /** Decides on each frame, if there is one. */
  judge: Judge | undefined
  readonly #listeners = new Map<string, (link: Link) => void>()
  readonly #unreachable = new Set<string>()
  /** Attempts to connect, by name. */
  readonly dials: string[] = []

  override listen(name: string, onLink: (link: Link) => void): () => void {
    this.#listeners.set(name, onLink)
    return () => {
      if (this.#listeners.get(name) === onLink) this.#listeners.delete(name)
    }
  }

  override dial(name: string): Link {
    return this.dialFrom(undefined, name)
  }

  /** The same network as one with this IP address sees it. */
  at(address: string): MemoryNetwork {
    const network = this
    return new (class extends MemoryNetwork {
      override dial(name: string): Link {
        return network.dialFrom(address, name)
      }
    })()
  }

  dialFrom(address: string | undefined, name: string): Link {
    this.dials.push(name)
    const onLink = this.#listeners.get(name)
    if (onLink === undefined || this.#unreachable.has(name)) throw new LinkError(`memory:${name} is unreachable`)
    const judge: WireJudge = (frame, direction) => this.judge?.(frame, direction, wire) ?? 'pass'
    const wire = new Wire(name, judge, address)
    this.wires.push(wire)
    onLink(wire.far)
    return wire.near
  }

  /** The newest connection. */
  get wire(): Wire {
    return this.wires.at(-1) as Wire
  }

  /** Whether attempts to connect to this name fail. */
  setReachable(name: string, isReachable: boolean): void {
    if (isReachable) this.#unreachable.delete(name)
    else this.#unreachable.add(name)
  }

  /** As if the process at this name were gone: its connections break, and nobody listens. */
  crash(name: string): void {
    this.#listeners.delete(name)
    for (const wire of this.wires) if (wire.name === name) wire.cut('rst')
  }

  /** Cuts at the first frame of this kind that goes this way; the frame itself is lost, or just arrives. */
  cutAt(kind: Frame['kind'], direction: Direction, fate: Exclude<Fate, 'pass'> = 'lose and cut', nth = 1): void {
    let left = nth
    this.judge = (frame, way) => (frame.kind === kind && way === direction && --left === 0 ? fate : 'pass')
  }
}

/** One connection, with what went over it. */
export class Wire {
  readonly name: string
  readonly near: VirtualLink
  readonly far: VirtualLink
  readonly #frames: { readonly direction: Direction; readonly frame: Frame }[] = []

  /** `address` is that of who dialled. */
  constructor(name: string, judge: WireJudge, address?: string) {
    this.name = name
    const pass = (direction: Direction) => (frame: Frame) => {
      this.#frames.push({ direction, frame })
      const fate = judge(frame, direction)
      if (fate === 'lose and cut') this.cut('rst')
      else if (fate === 'pass and cut') queueMicrotask(() => this.cut('rst'))
      return fate !== 'lose and cut'
    }
    this.near = new VirtualLink(`memory:${name}`, pass('up'))
    this.far = new VirtualLink(`from memory:${name}`, pass('down'), address)
    this.near.other = this.far
    this.far.other = this.near
  }

  /** The frames of this kind that went this way, also those that were lost on the way. */
  sent<K extends Frame['kind']>(kind: K, direction: Direction): Extract<Frame, { kind: K }>[] {
    return this.#frames
      .filter((passed) => passed.direction === direction && passed.frame.kind === kind)
      .map((passed) => passed.frame as Extract<Frame, { kind: K }>)
  }

  /** Ends both ways at once; what is on the way is lost. */
  cut(how: Cut = 'rst'): void {
    this.near.break(how)
    this.far.break(how)
  }

  /** Keeps what goes this way until it is released. */
  hold(direction: Direction): void {
    this.#writerOf(direction).isHeld = true
  }

  release(direction: Direction): void {
    this.#writerOf(direction).release()
  }

  /** The writer of this direction is told to wait, as by a full socket; its bytes arrive all the same. */
  block(direction: Direction): void {
    this.#writerOf(direction).isBlocked = true
  }

  unblock(direction: Direction): void {
    this.#writerOf(direction).unblock()
  }

  /** The writer of this direction, which was told to wait, may write once more. */
  drain(direction: Direction): void {
    this.#writerOf(direction).drain()
  }

  #writerOf(direction: Direction): VirtualLink {
    return direction === 'up' ? this.near : this.far
  }
}

export class VirtualLink implements Link {
  readonly peer: Peer
  other: VirtualLink | undefined
  isHeld = false
  isBlocked = false
  readonly #decoder: FrameDecoder
  #handler: LinkHandler | undefined
  /** What came before somebody listened. */
  #early: (() => void)[] = []
  #held: (() => void)[] = []
  #state: 'open' | 'closed' | 'broken' = 'open'
  #hasShakenHands = false

  /** `pass` sees each frame that is written; false: it is lost. */
  constructor(description: string, pass: (frame: Frame) => boolean, address?: string) {
    const peer = { transport: 'memory', description, isPrivate: true } as const
    this.peer = address === undefined ? peer : { ...peer, address }
    const reader = new MsgpackReader()
    this.#decoder = new FrameDecoder(2 ** 30, (bytes, start, end) => {
      if (this.#state === 'broken') return
      const body = bytes.slice(start, end)
      const frame = this.#read(body, reader)
      if (pass(frame)) this.#carry(() => this.other?.arrive((handler) => handler.onBytes(framed(body))))
    })
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    const early = this.#early
    this.#early = []
    for (const deliver of early) deliver()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#state === 'open') for (const chunk of chunks) this.#decoder.push(new Uint8Array(chunk))
    return !this.isBlocked
  }

  async close(how: 'flush' | 'abort'): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    this.#handler = undefined
    const error = how === 'flush' ? undefined : new LinkError('the peer aborted the link')
    this.#carry(() => this.other?.arrive(() => this.other?.endBy(error)))
  }

  keepProcessAlive(): void {
    // Nothing of this keeps a process alive.
  }

  /** From the other end. */
  arrive(deliver: (handler: LinkHandler) => void): void {
    if (this.#state !== 'open') return
    const handler = this.#handler
    if (handler === undefined) this.#early.push(() => this.arrive(deliver))
    else deliver(handler)
  }

  endBy(error: Error | undefined): void {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    const handler = this.#handler
    this.#handler = undefined
    handler?.onEnd(error)
  }

  break(how: Cut): void {
    if (this.#state !== 'open') return
    this.#held = []
    if (how === 'silent') {
      this.isHeld = true
      return
    }
    this.#state = 'broken'
    const handler = this.#handler
    this.#handler = undefined
    queueMicrotask(() =>
      handler?.onEnd(how === 'fin' || how === 'gone' ? undefined : new LinkError('read ECONNRESET'), how === 'gone'),
    )
  }

  release(): void {
    this.isHeld = false
    const held = this.#held
    this.#held = []
    for (const deliver of held) queueMicrotask(deliver)
  }

  unblock(): void {
    this.isBlocked = false
    this.#handler?.onDrain()
  }

  drain(): void {
    this.#handler?.onDrain()
  }

  #carry(deliver: () => void): void {
    if (this.isHeld) this.#held.push(deliver)
    else
      queueMicrotask(() => {
        if (this.#state !== 'broken') deliver()
      })
  }

  #read(body: Uint8Array, reader: MsgpackReader): Frame {
    if (!this.#hasShakenHands) {
      this.#hasShakenHands = true
      return readHandshakeFrame(body, 0, body.length, reader)
    }
    reader.open(body, 0, body.length, true)
    return readSessionFrame(reader)
  }
}

function framed(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + body.length)
  new DataView(bytes.buffer).setUint32(0, body.length)
  bytes.set(body, 4)
  return bytes
}
