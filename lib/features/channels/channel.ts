// Channel, the class that both sides share: the type of its messages, its permissions and its history. Types and rules only;
// channel-host.ts has the server's rooms, subscription.ts the client's side.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { SessionView } from '../../core/action/context.ts'
import { brand, isSubclass } from '../../core/base/brand.ts'
import { requireNameOf } from '../../core/base/class-name.ts'
import { ServerError } from '../../core/base/errors.ts'

/** How much history a channel keeps for subscribers that were disconnected. */
export interface HistoryOptions {
  /** The number of messages per room. */
  readonly size: number
  /** How long a message is kept, in milliseconds. Default 5 minutes. */
  readonly ttlMs?: number | undefined
  /** The bytes of one room's messages; beyond that the oldest are dropped. Default 8 MiB. */
  readonly maxBytes?: number | undefined
}

/** What to drop when a subscriber does not keep up: the subscriber, or its oldest or newest waiting messages. */
export type ChannelOverflow = 'drop-reader' | 'drop-oldest' | 'drop-newest'

/** A client's session, as the methods of a channel see it. */
export interface ChannelSession extends SessionView {
  /** The client's option `name`. */
  readonly name: string | undefined
}

/** A session that is present in a channel. */
export interface Member<Info = unknown> {
  /** The session id, for `to` and `except`. */
  readonly session: string
  /** What the channel's `presenceOf` returns for it. */
  readonly info: Info
}

/**
 * A position in the messages of a room, to continue after. Plain data that a program may store.
 */
export interface Position {
  /** Identifies the lifetime of the room. Changes when the server is restarted. */
  readonly epoch: string
  /** The number of the last received message; the first is 1. */
  readonly offset: number
  /** The session in which the message was received. */
  readonly session?: string
}

/**
 * A channel of messages. Server and client import the same subclass: the server adds an instance of it, clients
 * subscribe by class reference.
 *
 * @example
 * export class News extends Channel<{ title: string }> {
 *   static override history = { size: 100, ttlMs: 60_000 }
 * }
 * server.addChannel(new News())
 * await server.channel(News).publish({ title: 'it works' })
 * for await (const story of client.subscribe(News)) console.log(story.title)
 */
export abstract class Channel<Message = unknown> {
  /** The wire name. Default: the class name. Set it if a build minifies names. */
  static channelName?: string
  /** A one-line description, shown by `isock ls`. */
  static description?: string
  /** A Standard Schema for messages. The server validates each message that is published. */
  static schema?: StandardSchemaV1
  /** Keeps messages for subscribers that were disconnected. Default: no history. */
  static history?: HistoryOptions
  /**
   * Keeps the messages and their numbers in the store of the server's feature `data`: they survive restarts, and servers of one store share
   * them. Needs a `history`. Default false.
   *
   * @example
   * export class Movements extends Channel<Move> {
   *   static override history = { size: 1_000, ttlMs: 86_400_000 }
   *   static override durable = true
   * }
   */
  static durable?: boolean
  /** What happens when a subscriber does not keep up. Default 'drop-reader'. */
  static overflow?: ChannelOverflow

  /** Type-only; never set at run time. */
  declare readonly messageType?: Message

  /**
   * Whether this client may subscribe and see who is present. Throw an error to give a reason.
   * Default: every client may.
   */
  canSubscribe(_session: ChannelSession, _key: string | undefined): boolean | Promise<boolean> {
    return true
  }

  /** Whether this client may publish this message. Throw an error to give a reason. Default: no client may. */
  canPublish(_session: ChannelSession, _message: Message, _key: string | undefined): boolean | Promise<boolean> {
    return false
  }

  /** What other clients see of a subscriber. Return undefined to hide it. Default: its name. */
  presenceOf(session: ChannelSession): unknown {
    return session.name === undefined ? {} : { name: session.name }
  }

  /** Runs on the server when a session becomes present. */
  onJoin(_member: Member, _key: string | undefined): void {}

  /** Runs on the server when a session is no longer present: it unsubscribed, or was disconnected for longer than the grace period. */
  onLeave(_member: Member, _key: string | undefined): void {}
}

brand('isock.Channel', Channel)

// biome-ignore-start lint/suspicious/noExplicitAny: only `any` accepts every subclass's messages and constructor
/** A channel with any type of messages. */
export type AnyChannel = Channel<any>

/** A Channel class with any constructor. */
export type ChannelClass<C extends AnyChannel = AnyChannel> = (abstract new (
  ...args: any[]
) => C) &
  Pick<typeof Channel, keyof typeof Channel>
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** The message type of a channel class. */
export type MessageOf<C extends ChannelClass> = C extends ChannelClass<Channel<infer Message>> ? Message : never

/** The type of presence info of a channel class. */
export type InfoOf<C extends ChannelClass> = ReturnType<InstanceType<C>['presenceOf']>

const maxNameLength = 200

/** The wire name of a channel class. Throws ServerError (`INVALID_CHANNEL`) for anything else. */
export function channelNameOf(channel: unknown): string {
  if (!isSubclass(channel, Channel)) {
    throw invalidChannel(
      `${labelOf(channel)} is not a channel class; pass a subclass of Channel itself, not an instance`,
    )
  }
  return requireChannelName(requireNameOf(channel, 'channelName', invalidChannel))
}

/** Throws ServerError (`INVALID_CHANNEL`). */
export function requireChannelName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= maxNameLength) return name
  throw invalidChannel(
    `a channel's name is a string of 1 to ${maxNameLength} characters; give the class a static channelName`,
  )
}

export function invalidChannel(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_CHANNEL' })
}

function labelOf(value: unknown): string {
  if (typeof value === 'function') return value.name || 'a function'
  return value instanceof Channel ? `an instance of ${value.constructor.name}` : String(value)
}
