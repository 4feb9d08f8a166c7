// A lexicons client as seen by guards, hooks and actions, and how they get it. The client itself is in
// lexicons-socket.ts.
import type { Context, SessionView } from '../../core/action/context.ts'
import type { Visitor } from '../../core/action/guard.ts'
import type { Peer } from '../../core/link/link.ts'
import type { ChannelClass } from '../../features/channels/channel.ts'
import type { Publication } from './signal-list.ts'

/** The room of a channel, and where to start. */
export interface MembershipOptions {
  /** The room; without it, the one without a key. */
  readonly key?: string | undefined
  /** Start with the oldest stored message. Default: with the next one. */
  readonly since?: 'oldest' | undefined
}

/** A client that speaks lexicons. */
export interface LexiconsClient {
  readonly peer: Peer
  /** The session: the identity returned by the guards, and the state of actions. Undefined until the guards have answered. */
  readonly session: SessionView | undefined
  /** Sends `[{ name: payload }]` only to this client. Does nothing if it has gone. Throws UnsendableError. */
  send(name: string, payload: unknown): void
  /**
   * Subscribes the client to a channel; it is in each channel once. Rejects if the channel refuses it (ServerError
   * `NOT_ALLOWED`), or it is in too many (BusyError).
   */
  subscribe(channel: ChannelClass, options?: MembershipOptions): Promise<void>
  /** Returns false if the client was not in the channel. */
  unsubscribe(channel: ChannelClass, options?: Pick<MembershipOptions, 'key'>): boolean
  /** Sends the reason, and closes the connection. Its remaining messages are not run. */
  close(reason?: string): void
}

/** A client as an action sees it: it can also be answered. */
export interface AnswerableClient extends LexiconsClient {
  /** Sends the value of this call to the client. */
  markReply(callId: number): void
  /**
   * Keeps what this call publishes until all signals of its list have run. Returns false if there is no list, or no room:
   * then it must be published now.
   */
  publishLater(callId: number, makePublication: () => Publication): boolean
}

/** Shared by all copies of this package: an action may get the client of another copy's gateway. */
const clientKey: unique symbol = Symbol.for('isock.lexiconsClient')

/** The peer as the server sees it, with the client in it. */
export function peerWith(peer: Peer, client: AnswerableClient): Peer {
  return { ...peer, [clientKey]: client } as Peer
}

/**
 * The lexicons client that an action runs for, or that a guard is asked about; undefined for other clients.
 *
 * @example
 * class Join extends Action {
 *   async action({ room }: { room: string }, context: Context) {
 *     await lexiconsClientOf(context)?.subscribe(Room, { key: room })
 *   }
 * }
 */
export function lexiconsClientOf(of: Context | Visitor): LexiconsClient | undefined {
  return answerableClientOf(of)
}

export function answerableClientOf(of: Context | Visitor): AnswerableClient | undefined {
  const peer = 'session' in of ? of.session.peer : of.peer
  return (peer as { readonly [clientKey]?: AnswerableClient } | undefined)?.[clientKey]
}
