// What a server tells of what it holds: `server.usage`, the metrics and `isock status`.
import type { HeldName } from './held.ts'

/** What a server holds for its clients, as it accounts for it. Sizes in bytes; about what they cost in memory. */
export interface Usage {
  /** In all. */
  readonly heldBytes: number
  /** Above it, room is made at the cost of the largest holder: option `limits.maxHeldBytes`. */
  readonly maxHeldBytes: number
  /** By what it is. */
  readonly held: Readonly<Record<HeldName, number>>
  /** Places taken, and how many there are: `sessions`, `unauthenticatedLinks`, and those of features. */
  readonly places: Readonly<Record<string, { readonly taken: number; readonly max: number }>>
  /** Addresses (networks of 64 bits for IPv6) for which something is held. */
  readonly addresses: number
  /** Identities likewise. */
  readonly identities: number
  /** Those that hold most: an address, or the id of an identity. */
  readonly largest: readonly { readonly holder: string; readonly bytes: number }[]
  /** How often something had to go to make room, since the server was made. */
  readonly shed: number
}
