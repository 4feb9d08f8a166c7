// The client's side of channels: starts subscriptions, and ends them with the client.
import { ClientError } from '../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption } from '../../core/base/options.ts'
import type { ClientKit } from '../../core/client/client-kit.ts'
import {
  type ChannelClass,
  channelNameOf,
  type InfoOf,
  invalidChannel,
  type Member,
  type MessageOf,
  requireChannelName,
} from './channel.ts'
import { ListMembers, Publish, type RoomRequest } from './channel-actions.ts'
import { type PresenceEvent, type PresenceOptions, PresenceWatch, presenceOptions } from './presence-watch.ts'
import { type AnyResumingStream, begin, end } from './resuming-stream.ts'
import { type SubscribeOptions, Subscription, subscribeOptions } from './subscription.ts'

/** Called with the items one by one, the next one when the returned promise has settled. What it throws is logged. */
export type Handler<Item> = (item: Item) => unknown

/** Options of a publish or a list of members. */
export interface ChannelCallOptions {
  /** The room; default: the room without a key. */
  readonly key?: string | undefined
  /** The timeout in milliseconds, after which the call fails with DeadlineError. Default: as for any action. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const callOptions: OptionTable<ChannelCallOptions> = { key: 'any', timeoutMs: 'any', signal: 'any' }

/** Channels are named by class, or by name; then the type of the messages is `unknown`. */
export class ChannelClient {
  readonly #kit: ClientKit
  readonly #open = new Set<AnyResumingStream>()
  #isClosed = false

  constructor(kit: ClientKit) {
    this.#kit = kit
  }

  subscribe<C extends ChannelClass>(
    channel: C | string,
    handlerOrOptions?: Handler<MessageOf<C>> | SubscribeOptions,
    more?: SubscribeOptions,
  ): Subscription<MessageOf<C>> {
    const [handler, options] = readArguments(handlerOrOptions, more)
    checkOptions('subscribe', options, subscribeOptions)
    const room = this.#roomOf(channel, options)
    return this.#begun(new Subscription<MessageOf<C>>(this.#kit, room, options, this.#onEnd), handler)
  }

  watchPresence<C extends ChannelClass>(
    channel: C | string,
    handlerOrOptions?: Handler<PresenceEvent<InfoOf<C>>> | PresenceOptions,
    more?: PresenceOptions,
  ): PresenceWatch<InfoOf<C>> {
    const [handler, options] = readArguments(handlerOrOptions, more)
    checkOptions('watchPresence', options, presenceOptions)
    const room = this.#roomOf(channel, options)
    return this.#begun(new PresenceWatch<InfoOf<C>>(this.#kit, room, options, this.#onEnd), handler)
  }

  async publish<C extends ChannelClass>(
    channel: C | string,
    message: MessageOf<C>,
    options: ChannelCallOptions = {},
  ): Promise<void> {
    const { key, ...runOptions } = checkedCall('publish', options)
    await this.#kit.client.runAction(Publish, { ...this.#roomOf(channel, { key }), message }, runOptions)
  }

  async presence<C extends ChannelClass>(
    channel: C | string,
    options: ChannelCallOptions = {},
  ): Promise<readonly Member<InfoOf<C>>[]> {
    const { key, ...runOptions } = checkedCall('presence', options)
    const members = await this.#kit.client.runAction(ListMembers, this.#roomOf(channel, { key }), runOptions)
    return members as readonly Member<InfoOf<C>>[]
  }

  /** Ends all open subscriptions and presence watches. */
  close(): void {
    this.#isClosed = true
    for (const stream of [...this.#open]) stream[end](closedError())
  }

  readonly #onEnd = (stream: AnyResumingStream): void => {
    this.#open.delete(stream)
  }

  /** Throws ClientError for an invalid key. The server limits its length. */
  #roomOf(channel: ChannelClass | string, { key }: { readonly key?: string | undefined }): RoomRequest {
    const isName = typeof channel === 'string'
    const name = isName ? requireChannelName(channel) : channelNameOf(channel)
    const conflict = isName ? undefined : this.#kit.known.claim('channel', name, channel)
    if (conflict !== undefined) throw invalidChannel(conflict)
    if (key === undefined) return { channel: name }
    if (typeof key !== 'string' || key === '') throw invalidOption('key', 'a non-empty string', key)
    return { channel: name, key }
  }

  #begun<H, S extends AnyResumingStream & { [begin](handler?: H): unknown }>(stream: S, handler: H | undefined): S {
    if (this.#isClosed) throw closedError()
    this.#open.add(stream)
    stream[begin](handler)
    return stream
  }
}

function checkedCall(label: string, options: ChannelCallOptions): ChannelCallOptions {
  checkOptions(label, options, callOptions)
  return options
}

function readArguments<Item, Options extends object>(
  handlerOrOptions: Handler<Item> | Options | undefined,
  more: Options | undefined,
): [handler: Handler<Item> | undefined, options: Options] {
  const noOptions = {} as Options
  if (typeof handlerOrOptions === 'function') return [handlerOrOptions as Handler<Item>, more ?? noOptions]
  return [undefined, handlerOrOptions ?? noOptions]
}

function closedError(): ClientError {
  return new ClientError('the client is closed; create another one', { code: 'CLOSED' })
}
