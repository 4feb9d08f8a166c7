// What guards, hooks and actions see of a client that speaks lexicons, and how they find it. The client itself is
// lexicons-socket.ts.
import type { Context, SessionView } from '../../core/action/context.ts'
import type { Visitor } from '../../core/action/guard.ts'
import type { Peer } from '../../core/link/link.ts'
import type { ChannelClass } from '../../features/channels/channel.ts'
import type { Publication } from './signal-list.ts'

/** Which room of a channel, and where to begin. */
export interface MembershipOptions {
  /** The room; without it, the one that has no key. */
  readonly key?: string
  /** Begin with the oldest message that is kept. Default: with the next one. */
  readonly since?: 'oldest'
}

/** A client that speaks lexicons. */
export interface LexiconsClient {
  readonly peer: Peer
  /** Who the guards said it is, and what actions keep for it. undefined while the guards still think. */
  readonly session: SessionView | undefined
  /** Sends `[{ name: payload }]` to this client alone. Does nothing when it has gone. Throws UnsendableError. */
  send(name: string, payload: unknown): void
  /**
   * Lets it read a channel, from then on; it is in any channel once. Rejects where the channel does not let it in
   * (ServerError `NOT_ALLOWED`), or it is in too many (BusyError).
   */
  subscribe(channel: ChannelClass, options?: MembershipOptions): Promise<void>
  /** False: it was not in the channel. */
  unsubscribe(channel: ChannelClass, options?: Pick<MembershipOptions, 'key'>): boolean
  /** Tells it why, and lets it go. Nothing more of what it sent is run. */
  close(reason?: string): void
}

/** A client as an action sees it: it can also be answered. */
export interface AnswerableClient extends LexiconsClient {
  /** The value of this call goes to the client. */
  markReply(callId: number): void
  /**
   * Keeps what this call publishes until all signals of its list have run. False: there is no list, or no room: it is to be
   * published now.
   */
  publishLater(callId: number, makePublication: () => Publication): boolean
}

/** Shared by all copies of this package: an action may find the client of another copy's gateway. */
const clientKey: unique symbol = Symbol.for('isock.lexiconsClient')

/** The peer as the server sees it, with the client in it for those who know. */
export function peerWith(peer: Peer, client: AnswerableClient): Peer {
  return { ...peer, [clientKey]: client } as Peer
}

/**
 * The lexicons client that an action runs for, or that a guard is asked about; undefined where it is another kind of
 * client.
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
