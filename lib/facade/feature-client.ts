// The features of every Client, on any platform: actions, and what is built on them. Each feature is a room of its own; they
// are only combined here.

import type { ClientCall } from '../core/action/call-starter.ts'
import type { Interceptor } from '../core/action/interceptors.ts'
import { ActionClient } from '../core/client/action-client.ts'
import type { CloseOptions } from '../core/client/last-calls.ts'
import type { ChannelClass, InfoOf, Member, MessageOf } from '../features/channels/channel.ts'
import { type ChannelCallOptions, ChannelClient, type Handler } from '../features/channels/channel-client.ts'
import type { PresenceEvent, PresenceOptions, PresenceWatch } from '../features/channels/presence-watch.ts'
import type { SubscribeOptions, Subscription } from '../features/channels/subscription.ts'
import type { ServiceInstanceOptions } from '../features/services/key.ts'
import type { AnyService, ServiceClass } from '../features/services/service.ts'
import { ServiceClient } from '../features/services/service-client.ts'
import type { Listening, ListenOptions } from '../features/tasks/client/listening.ts'
import { ProcessListeners } from '../features/tasks/client/process-listeners.ts'
import type { EventsOf, ProcessClass, ProcessEvent } from '../features/tasks/process.ts'

/**
 * Runs actions on a server, subscribes to its channels, uses its services. Connects with the first call, retries,
 * resumes. Not constructed directly; use `Client`, which knows how to reach a server from its platform.
 */
export class FeatureClient extends ActionClient {
  readonly #channels = new ChannelClient(this.kit)
  readonly #processes = new ProcessListeners(this.kit)

  /**
   * Runs a function around each call from now on, and around uses of services, publishes and subscriptions: it gets the call, may add to
   * its `metadata`, and returns what `next()` gave. The first one added is the outermost. Returns what removes it. Throws ClientError
   * (`INVALID_OPTION`).
   *
   * @example
   * client.use(async (call, next) => {
   *   call.metadata['traceparent'] = traceparentOf(currentSpan())
   *   return next()
   * })
   */
  use(interceptor: Interceptor<ClientCall>): () => void {
    return this.interceptors.add(interceptor)
  }

  /**
   * A service of the server, by class reference. `key`: one of the states of a durable service.
   *
   * @throws ClientError: `INVALID_USAGE` for anything but a service class; `INVALID_OPTION`.
   * @example
   * const counter = client.service(Counter)
   * await counter.initialize(1000)
   * console.log(await counter.execute(10, { awaitResponse: true }))
   * await client.service(Cart, { key: 'ann' }).execute({ add: 'tea' })
   */
  service<S extends AnyService>(service: ServiceClass<S>, options?: ServiceInstanceOptions): ServiceClient<S> {
    return new ServiceClient(this.kit, service, options)
  }

  /**
   * Listens to a process of the server, by class reference or name: passes its events to the handler, one after the
   * other, or to the iterator of the returned object. The process's `fail` arrives as that error, `finish` as the end.
   * Listening keeps the process alive.
   *
   * @throws ClientError (`INVALID_OPTION`).
   * @example
   * for await (const { event, data } of client.onProcess(Counter)) console.log(event, data)
   */
  onProcess<Events extends object = Record<string, unknown>>(
    process: string,
    handler: (event: ProcessEvent<Events>) => unknown,
    options?: ListenOptions,
  ): Listening<ProcessEvent<Events>>
  onProcess<Events extends object = Record<string, unknown>>(
    process: string,
    options?: ListenOptions,
  ): Listening<ProcessEvent<Events>>
  onProcess<C extends ProcessClass>(
    process: C,
    handler: (event: ProcessEvent<EventsOf<C>>) => unknown,
    options?: ListenOptions,
  ): Listening<ProcessEvent<EventsOf<C>>>
  onProcess<C extends ProcessClass>(process: C, options?: ListenOptions): Listening<ProcessEvent<EventsOf<C>>>
  onProcess(
    process: string | ProcessClass,
    handlerOrOptions?: ((event: never) => unknown) | ListenOptions,
    options?: ListenOptions,
  ): Listening<never> {
    return this.#processes.listen(process, handlerOrOptions, options)
  }

  /**
   * Subscribes to a channel of the server, by class reference or name: passes its messages to the handler, one after the other,
   * or to the iterator of the returned object. It lasts until `unsubscribe()`; `ready` settles when the server accepts or rejects it.
   *
   * @throws ServerError (`INVALID_CHANNEL`) for anything but a channel class; ClientError: `INVALID_OPTION`, `CLOSED`.
   * @example
   * for await (const story of client.subscribe(News)) console.log(story.title)
   * client.subscribe(Room, (message) => console.log(message), { key: 'kitchen' })
   */
  subscribe<Message = unknown>(
    channel: string,
    handler: Handler<Message>,
    options?: SubscribeOptions,
  ): Subscription<Message>
  subscribe<Message = unknown>(channel: string, options?: SubscribeOptions): Subscription<Message>
  subscribe<C extends ChannelClass>(
    channel: C,
    handler: Handler<MessageOf<C>>,
    options?: SubscribeOptions,
  ): Subscription<MessageOf<C>>
  subscribe<C extends ChannelClass>(channel: C, options?: SubscribeOptions): Subscription<MessageOf<C>>
  subscribe<C extends ChannelClass>(
    channel: C | string,
    handlerOrOptions?: Handler<MessageOf<C>> | SubscribeOptions,
    options?: SubscribeOptions,
  ): Subscription<MessageOf<C>> {
    return this.#channels.subscribe(channel, handlerOrOptions, options)
  }

  /** Publishes to a channel, if its `canPublish` allows this client to. Settles when the message has been sent. */
  publish(channel: string, message: unknown, options?: ChannelCallOptions): Promise<void>
  publish<C extends ChannelClass>(channel: C, message: MessageOf<C>, options?: ChannelCallOptions): Promise<void>
  publish(channel: ChannelClass | string, message: unknown, options?: ChannelCallOptions): Promise<void> {
    return this.#channels.publish(channel, message, options)
  }

  /** The members present in a channel: its subscribers, in the order in which they joined. */
  presence(channel: string, options?: ChannelCallOptions): Promise<readonly Member[]>
  presence<C extends ChannelClass>(channel: C, options?: ChannelCallOptions): Promise<readonly Member<InfoOf<C>>[]>
  presence(channel: ChannelClass | string, options?: ChannelCallOptions): Promise<readonly Member[]> {
    return this.#channels.presence(channel, options)
  }

  /** Watches members join and leave: passes the events to the handler, or to the iterator of the returned object. */
  watchPresence(channel: string, handler: Handler<PresenceEvent>, options?: PresenceOptions): PresenceWatch
  watchPresence(channel: string, options?: PresenceOptions): PresenceWatch
  watchPresence<C extends ChannelClass>(
    channel: C,
    handler: Handler<PresenceEvent<InfoOf<C>>>,
    options?: PresenceOptions,
  ): PresenceWatch<InfoOf<C>>
  watchPresence<C extends ChannelClass>(channel: C, options?: PresenceOptions): PresenceWatch<InfoOf<C>>
  watchPresence<C extends ChannelClass>(
    channel: C | string,
    handlerOrOptions?: Handler<PresenceEvent<InfoOf<C>>> | PresenceOptions,
    options?: PresenceOptions,
  ): PresenceWatch<InfoOf<C>> {
    return this.#channels.watchPresence(channel, handlerOrOptions, options)
  }

  /** Ends subscriptions and the like first, because they never end by themselves. */
  override close(options?: CloseOptions): Promise<void> {
    this.#channels.close()
    this.#processes.close()
    return super.close(options)
  }
}
