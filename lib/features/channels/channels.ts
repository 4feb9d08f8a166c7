// The channels of one server. They may be added and removed while it serves; requests of clients find them by name.
import { type PublishOptions, publishOptions, type TopicClass } from '../../core/action/context.ts'
import type { Outbox } from '../../core/action/outbox.ts'
import type { RunContext } from '../../core/action/run-context.ts'
import { ServerError } from '../../core/base/errors.ts'
import { nameHint } from '../../core/base/nearest-names.ts'
import { checkOptions } from '../../core/base/option-table.ts'
import { describe } from '../../core/base/options.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { Listed, ServerFeature, ServerKit, SessionChange } from '../../core/server/feature.ts'
import type { LogBounds } from '../../core/server/message-logs.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import { StandardCodec, type ValueCodec, valueLimitsOf } from '../../core/wire/value-codec.ts'
import { Channel, type ChannelClass, channelNameOf, type InfoOf, invalidChannel, type MessageOf } from './channel.ts'
import { ListMembers, Publish, Subscribe, WatchPresence } from './channel-actions.ts'
import { ChannelHandle } from './channel-handle.ts'
import { ChannelHost } from './channel-host.ts'
import { type ChannelOptions, type ChannelRules, defaultChannelOptions, rulesOf } from './channel-options.ts'
import { fieldsOf, readKey, readRoomName, readSince } from './requests.ts'

export class Channels implements ServerFeature {
  readonly #kit: ServerKit
  readonly #codec: ValueCodec
  readonly #hosts = new Map<string, ChannelHost>()

  constructor(kit: ServerKit) {
    this.#kit = kit
    this.#codec = new StandardCodec(kit.classes, valueLimitsOf(kit.limits))
    for (const action of [
      new ServeSubscribe(this),
      new ServePresence(this),
      new ServeMembers(this),
      new ServePublish(this),
    ])
      kit.addBuiltIn(action)
  }

  add(channel: unknown, options?: ChannelOptions): void {
    if (!(channel instanceof Channel)) {
      const hint = typeof channel === 'function' ? `; pass new ${channel.name}()` : ''
      throw invalidChannel(`expected an instance of a Channel subclass, got ${describe(channel)}${hint}`)
    }
    const rules = rulesOf(channel, options)
    if (this.#hosts.has(rules.name)) {
      const message = `${rules.label} is already added; remove it first or use another channelName`
      throw new ServerError(message, { code: 'DUPLICATE_CHANNEL' })
    }
    if (rules.isDurable) this.#keep(rules)
    this.#hosts.set(rules.name, new ChannelHost(channel, rules, this.#kit, this.#codec))
  }

  remove(channel: unknown): boolean {
    const host = this.#hosts.get(typeof channel === 'string' ? channel : channelNameOf(channel))
    if (host === undefined) return false
    this.#hosts.delete(host.rules.name)
    if (host.rules.isDurable) this.#kit.sharedStore?.logs.keep(host.rules.name, undefined)
    host.close({ code: 'UNKNOWN_CHANNEL', message: `${host.rules.label} was removed from the server` })
    return true
  }

  handle<C extends ChannelClass>(channel: C): ChannelHandle<MessageOf<C>, InfoOf<C>> {
    return new ChannelHandle(this.host(channelNameOf(channel)), this.#codec)
  }

  /** `outbox`: of the run whose effect the message is committed with. */
  publish(topic: TopicClass<unknown>, message: unknown, options: PublishOptions = {}, outbox?: Outbox): Promise<void> {
    return unawaited(this.#publish(topic, message, options, outbox), (error) =>
      this.#kit.log.warn({ error, channel: topic?.name }, 'a message could not be published'),
    )
  }

  async #publish(
    topic: TopicClass<unknown>,
    message: unknown,
    options: PublishOptions,
    outbox: Outbox | undefined,
  ): Promise<void> {
    checkOptions('publish', options, publishOptions)
    const host = this.host(channelNameOf(topic))
    await host.publish(message, { key: readKey(options.key, host.rules.maxKeyLength), options, outbox })
  }

  /** @throws ServerError (`INVALID_CHANNEL`) without a store. */
  #keep({ name, label, history }: ChannelRules): void {
    const { sharedStore } = this.#kit
    if (sharedStore === undefined)
      throw invalidChannel(
        `${label} is durable, and needs a store that outlives the process: first give the server the feature data with a url such as 'file:app.db', or of PostgreSQL`,
      )
    sharedStore.logs.keep(name, history as LogBounds) // durable channels have one
  }

  listing(): Listed[] {
    return [...this.#hosts.values()].map(({ rules: { name, description, history } }) => ({
      kind: 'channel',
      name,
      description,
      history: history?.size ?? 0,
    }))
  }

  onSessionChange(session: ServerSession, change: SessionChange): void {
    for (const host of this.#hosts.values()) host.sessionChanged(session, change)
  }

  onDrain(): void {
    for (const host of this.#hosts.values())
      host.close({ code: 'SHUTTING_DOWN', message: 'the server is shutting down; subscribe to another one' })
  }

  /** Throws ServerError (`UNKNOWN_CHANNEL`). */
  host(name: string): ChannelHost {
    const host = this.#hosts.get(name)
    if (host !== undefined) return host
    throw new ServerError(`unknown channel "${name}"${nameHint(name, [...this.#hosts.keys()])}`, {
      code: 'UNKNOWN_CHANNEL',
    })
  }

  /** Resolves a client's request to its channel, room and session. @throws ServerError. */
  resolve(data: unknown, context: RunContext): { host: ChannelHost; key: string; session: ServerSession } {
    const maxKeyLength = (channel: string): number =>
      this.#hosts.get(channel)?.rules.maxKeyLength ?? defaultChannelOptions.maxKeyLength
    const { channel, key } = readRoomName(data, maxKeyLength)
    const session = this.#kit.findSession(context.session.id)
    if (session === undefined) throw new ServerError('the session has ended', { code: 'LINK_LOST' })
    return { host: this.host(channel), key, session }
  }
}

class ServeSubscribe extends Subscribe {
  static override actionName = Subscribe.actionName
  readonly #channels: Channels

  constructor(channels: Channels) {
    super()
    this.#channels = channels
  }

  override async action(data: unknown, context: RunContext) {
    const { host, key, session } = this.#channels.resolve(data, context)
    return host.subscribe(context, session, key, readSince(data))
  }
}

class ServePresence extends WatchPresence {
  static override actionName = WatchPresence.actionName
  readonly #channels: Channels

  constructor(channels: Channels) {
    super()
    this.#channels = channels
  }

  override async action(data: unknown, context: RunContext) {
    const { host, key, session } = this.#channels.resolve(data, context)
    return host.watch(context, session, key)
  }
}

class ServeMembers extends ListMembers {
  static override actionName = ListMembers.actionName
  readonly #channels: Channels

  constructor(channels: Channels) {
    super()
    this.#channels = channels
  }

  override async action(data: unknown, context: RunContext) {
    const { host, key, session } = this.#channels.resolve(data, context)
    return host.membersFor(context, session, key)
  }
}

class ServePublish extends Publish {
  static override actionName = Publish.actionName
  readonly #channels: Channels

  constructor(channels: Channels) {
    super()
    this.#channels = channels
  }

  override async action(data: unknown, context: RunContext) {
    const { host, key, session } = this.#channels.resolve(data, context)
    await host.publishFor(session, fieldsOf(data)['message'], key)
    return undefined
  }
}
