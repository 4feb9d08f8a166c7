// What a feature with a store offers the other features of its server: what outlives this process, and what servers of one store share.
// Types only: the features that use it declare what they need, and the one with the store provides it.
import type { RunClaims } from './run-claims.ts'

export interface SharedStore {
  /** Decides which server does a run that only one is to do. */
  readonly claims: RunClaims
}
