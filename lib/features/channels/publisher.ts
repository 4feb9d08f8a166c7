// Publishes the messages of one channel: checks them, encodes each once for all recipients, and passes them to its room, to the log of a
// durable channel, or to what a run sends with its commit.
import type { Part } from '../../core/accounting/holders.ts'
import type { PublishOptions } from '../../core/action/context.ts'
import type { Outbox } from '../../core/action/outbox.ts'
import { validate } from '../../core/action/schema.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { MessageLogs, OutgoingMessage } from '../../core/server/message-logs.ts'
import { Encoded } from '../../core/wire/bytes/encoded.ts'
import { copied, detached, payloadSize } from '../../core/wire/bytes/payload.ts'
import { fitsFrame, tooLarge } from '../../core/wire/frames/frame-fit.ts'
import type { ValueCodec } from '../../core/wire/value-codec.ts'
import { bytesAsGiven } from '../../core/wire/values/bytes-as-given.ts'
import { type Audience, audienceOf } from './audience.ts'
import type { ChannelRules } from './channel-options.ts'
import { requireStorable, unnumbered } from './logged-message.ts'
import type { Rooms } from './rooms.ts'

export interface PublisherParts {
  readonly rules: ChannelRules
  readonly kit: ServerKit
  readonly codec: ValueCodec
  readonly rooms: Rooms
  /** Throws if the channel takes no more messages. */
  readonly requireOpen: () => void
  /** Of a durable channel. */
  readonly log: MessageLogs | undefined
}

/** Where a message goes. */
export interface Destination {
  readonly key: string
  readonly options?: PublishOptions | undefined
  readonly outbox?: Outbox | undefined
}

export class Publisher {
  readonly #parts: PublisherParts

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /** Publishes a message of the server's program. */
  async publish(message: unknown, destination: Destination): Promise<void> {
    const { server } = this.#parts.kit.accounting
    const checked = this.check(message)
    // Synchronous if the check is, so that the message is encoded as it is now.
    if (!(checked instanceof Promise)) return this.send(checked, destination, server)
    const asGiven = bytesAsGiven(message)
    return this.send(asGiven(await checked), destination, server)
  }

  /** Validates a message, and returns it as the channel's schema returns it. @throws ValidationError. */
  check(message: unknown): unknown {
    const { schema, label } = this.#parts.rules
    return schema === undefined ? message : validate(schema, message, `message for ${label}`, 'INVALID_INPUT')
  }

  /** Sends a checked message; `by`: the account that is charged for it. A promise for a durable channel. */
  send(message: unknown, { key, options = {}, outbox }: Destination, by: Part): Promise<void> | undefined {
    const { kit, rules, log, requireOpen } = this.#parts
    requireOpen()
    if (log !== undefined) return this.#append(log, message, { key, options, outbox })
    const audience = audienceOf(options, rules.label, (id) => kit.findSession(id) !== undefined)
    if (outbox === undefined) this.#sendNow(message, key, audience, by)
    else this.#sendLater(message, { key, audience, by, outbox })
    return undefined
  }

  /** Encodes an item once for all recipients. @throws UnsendableError. */
  readonly encode = (value: unknown, label: string): Encoded => {
    const { maxFrameBytes } = this.#parts.kit.limits
    const payload = detached(this.#parts.codec.encode(value, label))
    if (fitsFrame(payload, maxFrameBytes)) return new Encoded(payload)
    throw tooLarge(`a message for ${this.#parts.rules.label}`, payload, maxFrameBytes)
  }

  /** Settles when the message is committed; with an outbox, when it has it. */
  async #append(log: MessageLogs, message: unknown, { key, options = {}, outbox }: Destination): Promise<void> {
    const { name: channel, label } = this.#parts.rules
    requireStorable(key)
    // The sessions of other servers are not known here.
    const { to, except } = audienceOf(options, label, () => true) ?? {}
    const outgoing: OutgoingMessage = {
      channel,
      key,
      item: this.encode([unnumbered, message], 'message').payload,
      to: to && [...to],
      except: except === undefined || except.size === 0 ? undefined : [...except],
    }
    if (outbox === undefined) await log.append(outgoing)
    else outbox.add(outgoing)
  }

  #sendNow(message: unknown, key: string, audience: Audience | undefined, by: Part): void {
    const { rules, rooms, kit } = this.#parts
    // Without a history, a message without subscribers is lost anyway.
    const mustKeep = rules.history !== undefined || key === ''
    // Encoded first: a message that cannot be serialized must not leave an empty room behind.
    const item = this.encode([(rooms.find(key)?.offset ?? 0) + 1, message], 'message')
    const room = mustKeep ? rooms.getOrCreate(key, by) : rooms.find(key)
    if (room === undefined) return
    room.publish(item, audience, kit.clock.now(), by)
    rooms.used(room)
  }

  /** Encoded as it is now; sent after the commit, at most once. */
  #sendLater(
    message: unknown,
    { key, audience, by, outbox }: { key: string; audience: Audience | undefined; by: Part; outbox: Outbox },
  ): void {
    const { codec, kit, rules } = this.#parts
    const { payload } = this.encode([0, message], 'message')
    const send = (): void => {
      try {
        this.#parts.requireOpen()
        const [, kept] = codec.decode(copied(payload)) as [number, unknown]
        this.#sendNow(kept, key, audience, by)
      } catch (error) {
        kit.log.warn({ error }, `a message for ${rules.label} could not be published after the commit`)
      }
    }
    outbox.afterCommit(send, payloadSize(payload))
  }
}
