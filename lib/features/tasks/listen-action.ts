// The action by which a client listens to a process. Shared by client and server.
import { Action } from '../../core/action/action.ts'

/** An event; or `true` as the first item, after which no event is missed. */
export type ListenItem = true | { readonly event: string; readonly data: unknown }

/** How a stream ended. `again`: the server ended it, and the client should listen again; events in between are missed. */
export type ListenEnd = { readonly how: 'finished' | 'again' } | { readonly how: 'failed'; readonly error: unknown }

/** Listens to the process of this name. */
export class ListenToProcess extends Action<string, ListenEnd, ListenItem> {
  static override actionName = 'isock.tasks.listen'
}
