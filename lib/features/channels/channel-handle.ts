// The server's handle on a channel, returned by `server.channel(News)`.
import { type PublishOptions, publishOptions } from '../../core/action/context.ts'
import { ClientError } from '../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption, requireCount } from '../../core/base/options.ts'
import { copied } from '../../core/wire/bytes/payload.ts'
import type { ValueCodec } from '../../core/wire/value-codec.ts'
import type { Member } from './channel.ts'
import type { ChannelHost } from './channel-host.ts'
import { readKey } from './requests.ts'
import type { StreamFilter } from './session-streams.ts'

/** A message of the history. */
export interface PublishedMessage<Message> {
  readonly offset: number
  readonly message: Message
}

/** The room; default: the room without a key. */
export interface RoomOptions {
  readonly key?: string | undefined
}

/** Selects the subscriptions that match all given fields. */
export interface WhoseOptions {
  /** The id of a session, or several. */
  readonly session?: string | readonly string[] | undefined
  /** The `id` of a user's identity, as returned by the guards. */
  readonly identity?: string | undefined
  /** The key of a room. Default: all rooms. */
  readonly key?: string | undefined
}

/** Options of `endSubscriptions`, which needs a session or an identity. */
export interface EndSubscriptionsOptions extends WhoseOptions {
  /** The reason that is sent to the clients, up to 400 characters. Default: `no reason was given`. */
  readonly reason?: string | undefined
}

interface HistoryQuery extends RoomOptions {
  readonly limit?: number
}

const roomOptions: OptionTable<RoomOptions> = { key: 'any' }
/** Undefined would mean all. */
const whoseOptions: OptionTable<WhoseOptions> = { session: 'protects', identity: 'protects', key: 'protects' }
const endSubscriptionsOptions: OptionTable<EndSubscriptionsOptions> = { ...whoseOptions, reason: 'any' }
const longestReason = 400
const historyQuery: OptionTable<HistoryQuery> = { ...roomOptions, limit: 'any' }

/**
 * A channel on the server's side.
 *
 * @example
 * const news = server.channel(News)
 * await news.publish({ title: 'it works' })
 * console.log(news.presence().length, news.history({ limit: 10 }))
 */
export class ChannelHandle<Message, Info = unknown> {
  readonly #host: ChannelHost
  readonly #codec: ValueCodec

  constructor(host: ChannelHost, codec: ValueCodec) {
    this.#host = host
    this.#codec = codec
  }

  get name(): string {
    return this.#host.rules.name
  }

  /**
   * Sends a message to the subscribers: to all, to some (`to`), or to all but some (`except`), by session id.
   * Settles when the message is on its way, without waiting for slow subscribers; for a durable channel, when it is committed.
   *
   * @throws ValidationError; UnsendableError (also `TOO_LARGE`); ServerError: `UNKNOWN_SESSION`, `UNKNOWN_CHANNEL` if the
   * channel was removed; BusyError if there are too many rooms.
   */
  publish(message: Message, options: PublishOptions = {}): Promise<void> {
    return this.#host.publishFrom(async () => {
      checkOptions('publish', options, publishOptions)
      await this.#host.publish(message, { key: this.#keyOf(options), options })
    })
  }

  /**
   * The newest messages of the history, oldest first: at most `limit`, by default all. Throws ClientError (`INVALID_USAGE`) for a durable
   * channel, whose history is in the store: see `readHistory`.
   */
  history(options: HistoryQuery = {}) {
    if (this.#host.rules.isDurable)
      throw new ClientError(`the history of ${this.#host.rules.label} is in the store; use await readHistory()`)
    checkOptions('history', options, historyQuery)
    const { key, limit = Number.POSITIVE_INFINITY } = options
    requireCount('limit', limit)
    return this.#host.kept(this.#keyOf({ key }), limit).map(({ item }): PublishedMessage<Message> => {
      const [offset, message] = this.#codec.decode(copied(item.payload)) as [number, Message]
      return { offset, message }
    })
  }

  /**
   * As `history`, also for a durable channel. Rejects if the store cannot be read.
   *
   * @example
   * for (const { offset, message } of await server.channel(News).readHistory({ limit: 10 })) console.log(offset, message.title)
   */
  async readHistory(options: HistoryQuery = {}): Promise<PublishedMessage<Message>[]> {
    checkOptions('readHistory', options, historyQuery)
    const { key, limit = Number.POSITIVE_INFINITY } = options
    requireCount('limit', limit)
    return (await this.#host.history(this.#keyOf({ key }), limit)) as PublishedMessage<Message>[]
  }

  /** The present members, in the order in which they joined. */
  presence(options: RoomOptions = {}): Member<Info>[] {
    checkOptions('presence', options, roomOptions)
    return this.#host.presence.members(this.#host.rooms.find(this.#keyOf(options))) as Member<Info>[]
  }

  /** The number of subscriptions to the room. */
  readerCount(options: RoomOptions = {}): number {
    checkOptions('readerCount', options, roomOptions)
    return this.#host.rooms.find(this.#keyOf(options))?.readerCount ?? 0
  }

  /**
   * Ends the subscriptions and presence watches of a session or a user (`identity`), for example of a member who is removed.
   * They reject with ServerError (`NOT_ALLOWED`) and the reason. `canSubscribe` decides whether the client may subscribe again.
   * Returns the number of ended subscriptions. Throws ClientError (`INVALID_OPTION`).
   *
   * @example
   * server.channel(Room).endSubscriptions({ identity: 'ada', key: 'kitchen', reason: 'you were sent out' })
   */
  endSubscriptions(options: EndSubscriptionsOptions): number {
    checkOptions('endSubscriptions', options, endSubscriptionsOptions)
    const { session, identity, reason = 'no reason was given' } = options
    // A session or identity that is undefined by mistake must not stand for all.
    if (session === undefined && identity === undefined)
      throw invalidOption('session', 'the id of a session, or an identity beside it', session)
    if (typeof reason !== 'string') throw invalidOption('reason', 'a string', reason)
    const message = `the server ended this subscription: ${reason.slice(0, longestReason)}`
    return this.#host.endStreams(this.#filterOf(options), { code: 'NOT_ALLOWED', message })
  }

  /**
   * Calls `canSubscribe` again after permissions have changed: for the subscriptions of a session, a user (`identity`) or a room, or
   * for all. A rejected subscription ends with its error, and so does one without a decision within `limits.handshakeTimeoutMs`.
   * Settles with the number of subscriptions that ended. Rejects with ClientError (`INVALID_OPTION`).
   *
   * @example
   * await server.channel(Room).reauthorize({ key: 'kitchen' })
   */
  async reauthorize(options: WhoseOptions = {}): Promise<number> {
    checkOptions('reauthorize', options, whoseOptions)
    return this.#host.reauthorize(this.#filterOf(options))
  }

  /** The number of rooms. */
  get roomCount(): number {
    return this.#host.rooms.count
  }

  #filterOf({ session, identity, key }: WhoseOptions): StreamFilter {
    if (identity !== undefined && typeof identity !== 'string')
      throw invalidOption('identity', 'the id of an identity', identity)
    const sessions = typeof session === 'string' ? [session] : session
    if (sessions !== undefined && !(Array.isArray(sessions) && sessions.every((id) => typeof id === 'string')))
      throw invalidOption('session', 'the id of a session, or a list of them', session)
    const room = key === undefined ? undefined : this.#keyOf({ key })
    return { sessions: sessions && new Set(sessions), identity, key: room }
  }

  #keyOf({ key }: { readonly key?: string | undefined }): string {
    return readKey(key, this.#host.rules.maxKeyLength)
  }
}
