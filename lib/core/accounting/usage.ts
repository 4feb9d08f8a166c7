// The report of what a server holds: `server.usage`, the metrics and `isock status`.
import type { HeldName } from './held.ts'

/** What a server holds for its clients, by its own accounting. Sizes in bytes, approximately their cost in memory. */
export interface Usage {
  /** The total. */
  readonly heldBytes: number
  /** Above it, the largest holders are evicted: option `limits.maxHeldBytes`. */
  readonly maxHeldBytes: number
  /** The total by kind. */
  readonly held: Readonly<Record<HeldName, number>>
  /** Places taken, and the number of places: `sessions`, `unauthenticatedLinks`, and those of features. */
  readonly places: Readonly<Record<string, { readonly taken: number; readonly max: number }>>
  /** The number of addresses (/64 networks for IPv6) for which something is held. */
  readonly addresses: number
  /** The number of identities for which something is held. */
  readonly identities: number
  /** The largest holders: addresses, or ids of identities. */
  readonly largest: readonly { readonly holder: string; readonly bytes: number }[]
  /** How often something was evicted to make room since the server was created. */
  readonly shed: number
}
