// What a server tells of its clients.
import type { SessionView } from '../action/context.ts'
import type { SessionChange } from './feature.ts'

/** By event, what its listeners are given. */
export interface ServerEvents {
  /** `cut`: its link is lost; it is resumed within its lease, or ends. */
  readonly session: { readonly session: SessionView; readonly change: SessionChange }
}

export const serverEvents = ['session'] as const
