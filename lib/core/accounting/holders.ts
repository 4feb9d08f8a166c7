// The sums of what is held, by address and by identity. An account belongs to one part, which is one identity at one
// address, and its bytes count for both.
//
//   address 192.0.2.7 ──┬── part (192.0.2.7, ann) ──── accounts        identity ann ──┬── part (192.0.2.7, ann)
//                       └── part (192.0.2.7, -)   ──── accounts                       └── part (198.51.100.2, ann)

/** Something that one client holds: see account.ts. */
export interface Holding {
  readonly bytes: number
  /** Releases it to make room for others. */
  shed(): void
}

/** An address, or an identity at any address. */
export class Holder {
  readonly key: string
  readonly parts = new Set<Part>()
  bytes = 0
  /** Calls of its sessions whose handlers have not ended. It is kept as long as there are any. */
  running = 0
  /** One of its parts has no accounts, and is kept only for its running calls. */
  hasLeft = false
  /** Recent processor time of its calls that had to wait: see server/call-turns.ts. */
  callMs: number | undefined
  /** The cost of what was read for its links since its turn began: see link/read-turns.ts. */
  readCost = 0

  constructor(key: string) {
    this.key = key
  }

  /** The largest part that passes. */
  largestPart(passes: (part: Part) => boolean): Part | undefined {
    let largest: Part | undefined
    for (const part of this.parts) {
      if ((largest === undefined || part.bytes > largest.bytes) && passes(part)) largest = part
    }
    return largest
  }
}

/** The accounts of one identity, or of anonymous clients, at one address; or those of the server's own program. */
export class Part {
  readonly key: string
  readonly address: Holder
  readonly identity: Holder | undefined
  readonly inUse = new Set<Holding>()
  /** Those not in use; longest idle first. */
  readonly idle = new Set<Holding>()
  bytes = 0

  constructor(key: string, address: Holder, identity: Holder | undefined) {
    this.key = key
    this.address = address
    this.identity = identity
  }

  change(byBytes: number): void {
    this.bytes += byBytes
    this.address.bytes += byBytes
    if (this.identity !== undefined) this.identity.bytes += byBytes
  }

  /** The bytes of the larger of its two holders. */
  get weight(): number {
    return Math.max(this.address.bytes, this.identity?.bytes ?? 0)
  }
}

export class Holders {
  readonly #addresses = new Map<string, Holder>()
  readonly #identities = new Map<string, Holder>()
  readonly #parts = new Map<string, Part>()
  /** What the server's own program keeps. Evicted last, when the clients hold nothing more. */
  readonly server = new Part('server', new Holder('server'), undefined)

  constructor() {
    this.server.address.parts.add(this.server)
  }

  get addressCount(): number {
    return this.#addresses.size
  }

  get identityCount(): number {
    return this.#identities.size
  }

  get parts(): Iterable<Part> {
    return this.#parts.values()
  }

  /** All addresses and identities of clients. */
  *all(): Generator<Holder> {
    yield* this.#addresses.values()
    yield* this.#identities.values()
  }

  /** The part of these two, created if necessary. */
  obtain(address: string, identity: string | undefined): Part {
    const key = JSON.stringify([address, identity])
    const known = this.#parts.get(key)
    if (known !== undefined) return known
    const ofIdentity = identity === undefined ? undefined : holderOf(this.#identities, identity)
    const part = new Part(key, holderOf(this.#addresses, address), ofIdentity)
    part.address.parts.add(part)
    ofIdentity?.parts.add(part)
    this.#parts.set(key, part)
    return part
  }

  /** Removes a part without accounts, if its address has no running calls. */
  tidy(part: Part): void {
    if (part === this.server || part.inUse.size + part.idle.size > 0) return
    part.address.hasLeft = part.address.running > 0
    if (part.address.hasLeft) return
    this.#parts.delete(part.key)
    leave(this.#addresses, part.address, part)
    if (part.identity !== undefined) leave(this.#identities, part.identity, part)
  }
}

function holderOf(holders: Map<string, Holder>, key: string): Holder {
  let holder = holders.get(key)
  if (holder === undefined) {
    holder = new Holder(key)
    holders.set(key, holder)
  }
  return holder
}

function leave(holders: Map<string, Holder>, holder: Holder, part: Part): void {
  holder.parts.delete(part)
  if (holder.parts.size === 0) holders.delete(holder.key)
}
