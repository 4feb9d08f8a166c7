// A pair of links in one process that behaves like a socket: bytes are copied, delivered later and in order, and an end
// reaches the other side after everything written before it.
import { runClean } from '../base/async-context.ts'
import { LinkError } from '../base/errors.ts'
import { queueMicrotask, setImmediate } from '../base/platform-timers.ts'
import type { Link, LinkHandler, Peer } from './link.ts'

/** Creates two connected links. `nearPeer` is the peer that the second one sees at the first. */
export function createMemoryLinks(description = 'memory', nearPeer?: Peer): [MemoryLink, MemoryLink] {
  const peer: Peer = { transport: 'memory', description, isPrivate: true }
  const a = new MemoryLink(peer)
  const b = new MemoryLink(nearPeer ?? peer)
  a.connect(b)
  b.connect(a)
  return [a, b]
}

/** Deliveries before it yields to the event loop, as sockets do: otherwise two busy ends would block everything else. */
const burst = 16

export class MemoryLink implements Link {
  readonly peer: Peer
  #other: MemoryLink | undefined
  #handler: LinkHandler | undefined
  /** Deliveries received before `open`. */
  #waiting: (() => void)[] = []
  #isClosed = false
  #onTheirWay: ((other: MemoryLink) => void)[] = []
  /** Deliveries left before it yields. */
  #left = burst

  constructor(peer: Peer) {
    this.peer = peer
  }

  connect(other: MemoryLink): void {
    this.#other = other
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    const waiting = this.#waiting
    this.#waiting = []
    for (const deliver of waiting) deliver()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#isClosed) return true
    const copies = chunks.map((chunk) => new Uint8Array(chunk))
    this.#later((other) => {
      for (const copy of copies) other.#handler?.onBytes(copy)
    })
    return true
  }

  async close(how: 'flush' | 'abort'): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#later((other) => other.#endBy(how === 'flush' ? undefined : new LinkError('the peer aborted the link')))
    this.#handler = undefined
  }

  keepProcessAlive(): void {
    // Nothing to do: the other end runs in this process.
  }

  #endBy(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const handler = this.#handler
    this.#handler = undefined
    handler?.onEnd(error)
  }

  #later(deliver: (other: MemoryLink) => void): void {
    this.#onTheirWay.push(deliver)
    if (this.#onTheirWay.length > 1) return
    if (this.#left > 0) queueMicrotask(this.#deliver)
    else setImmediate(this.#deliver)
  }

  /** Outside any writer's context: several writes within one tick are delivered together. */
  readonly #deliver = (): void => runClean(this.#deliverNow, undefined)

  readonly #deliverNow = (): void => {
    const other = this.#other
    const arrived = this.#onTheirWay
    this.#onTheirWay = []
    if (this.#left === burst) setImmediate(() => (this.#left = burst))
    this.#left--
    if (other === undefined) return
    for (const deliver of arrived) {
      if (other.#handler === undefined && !other.#isClosed) other.#waiting.push(() => deliver(other))
      else deliver(other)
    }
  }
}
