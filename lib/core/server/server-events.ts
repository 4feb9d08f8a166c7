// The events of a server about its clients.
import type { SessionView } from '../action/context.ts'
import type { SessionChange } from './feature.ts'

/** The detail that the listeners of each event get. */
export interface ServerEvents {
  /** `cut`: its link is lost; it is resumed within its lease, or ends. */
  readonly session: { readonly session: SessionView; readonly change: SessionChange }
}

export const serverEvents = ['session'] as const
