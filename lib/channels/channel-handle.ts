// What `server.channel(News)` gives: the server's own end of a channel.
import { type PublishOptions, publishOptions } from '../action/context.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { requireCount } from '../base/options.ts'
import { copied } from '../wire/payload.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import type { Member } from './channel.ts'
import type { ChannelHost } from './channel-host.ts'
import { readKey } from './requests.ts'

/** A message of the history. */
export interface PublishedMessage<Message> {
  readonly offset: number
  readonly message: Message
}

/** Which room; without a key the one that has none. */
export interface RoomOptions {
  readonly key?: string
}

interface HistoryQuery extends RoomOptions {
  readonly limit?: number
}

const roomOptions: OptionTable<RoomOptions> = { key: 'any' }
const historyQuery: OptionTable<HistoryQuery> = { ...roomOptions, limit: 'any' }

/**
 * A channel, from the server's side.
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
   * Sends a message to those who subscribed: to all, to some (`to`), or to all but some (`except`), by session id.
   * Settles when it is on its way; who does not keep up does not hold it up.
   *
   * @throws ValidationError; UnsendableError (also `TOO_LARGE`); ServerError: `UNKNOWN_SESSION`, `UNKNOWN_CHANNEL` when it was
   * removed; BusyError when there are too many rooms.
   */
  publish(message: Message, options: PublishOptions = {}): Promise<void> {
    return this.#host.publishFrom(async () => {
      checkOptions('publish', options, publishOptions)
      await this.#host.publish(message, this.#keyOf(options), options)
    })
  }

  /** The newest messages that are kept, oldest first. `limit`: at most so many; default all. */
  history(options: HistoryQuery = {}) {
    checkOptions('history', options, historyQuery)
    const { key, limit = Number.POSITIVE_INFINITY } = options
    requireCount('limit', limit)
    return this.#host.kept(this.#keyOf({ key }), limit).map(({ item }): PublishedMessage<Message> => {
      const [offset, message] = this.#codec.decode(copied(item.payload)) as [number, Message]
      return { offset, message }
    })
  }

  /** Who is present, in the order in which they came. */
  presence(options: RoomOptions = {}): Member<Info>[] {
    checkOptions('presence', options, roomOptions)
    return this.#host.attendance.members(this.#host.rooms.find(this.#keyOf(options))) as Member<Info>[]
  }

  /** Subscriptions to the room. */
  readerCount(options: RoomOptions = {}): number {
    checkOptions('readerCount', options, roomOptions)
    return this.#host.rooms.find(this.#keyOf(options))?.readerCount ?? 0
  }

  /** Rooms that exist. */
  get roomCount(): number {
    return this.#host.rooms.count
  }

  #keyOf({ key }: { readonly key?: string | undefined }): string {
    return readKey(key, this.#host.rules.maxKeyLength)
  }
}
