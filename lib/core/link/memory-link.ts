// Two ends in one process, with the manners of a socket: bytes are copied, delivered later and in order, an end
// reaches the other side after what was written before it.
import { runClean } from '../base/async-context.ts'
import { LinkError } from '../base/errors.ts'
import { queueMicrotask, setImmediate } from '../base/platform-timers.ts'
import type { Link, LinkHandler, Peer } from './link.ts'

/** Makes two links that are connected to each other. `nearPeer` is whom the second one sees at the first. */
export function createMemoryLinks(description = 'memory', nearPeer?: Peer): [MemoryLink, MemoryLink] {
  const peer: Peer = { transport: 'memory', description, isPrivate: true }
  const a = new MemoryLink(peer)
  const b = new MemoryLink(nearPeer ?? peer)
  a.connect(b)
  b.connect(a)
  return [a, b]
}

/** After so many deliveries it waits for the event loop, as sockets do: or two ends that talk on and on let nobody else have a turn. */
const burst = 16

export class MemoryLink implements Link {
  readonly peer: Peer
  #other: MemoryLink | undefined
  #handler: LinkHandler | undefined
  /** What came before somebody listened. */
  #waiting: (() => void)[] = []
  #isClosed = false
  #onTheirWay: ((other: MemoryLink) => void)[] = []
  /** How often it may deliver before the event loop turns. */
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
    // There is nothing that could: who waits on the other end runs in this process.
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

  /** In no writer's context: what several wrote within one tick is delivered together. */
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
