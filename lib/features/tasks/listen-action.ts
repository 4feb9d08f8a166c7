// The contract between a client that listens to a process and the server.
import { Action } from '../../core/action/action.ts'

/** One event; or true, the first item: from here on nothing is missed. */
export type ListenItem = true | { readonly event: string; readonly data: unknown }

/** again: the server ends the stream for reasons of its own, and events may be missed meanwhile. */
export type ListenEnd = { readonly how: 'finished' | 'again' } | { readonly how: 'failed'; readonly error: unknown }

/** Listens to the process of this name. */
export class ListenToProcess extends Action<string, ListenEnd, ListenItem> {
  static override actionName = 'isock.tasks.listen'
}
