// Subscription, the client's side of a channel's room. Keeps its position, so that it can continue from there.
import type { Call } from '../../core/action/call.ts'
import { ProtocolError } from '../../core/base/errors.ts'
import type { OptionTable } from '../../core/base/option-table.ts'
import { describe } from '../../core/base/options.ts'
import type { ClientKit } from '../../core/client/client-kit.ts'
import type { Position } from './channel.ts'
import { type RoomRequest, type Since, Subscribe } from './channel-actions.ts'
import {
  type AnyResumingStream,
  type Opening,
  type ResumingOptions,
  ResumingStream,
  resumingOptions,
} from './resuming-stream.ts'

/** Options of a subscription. */
export interface SubscribeOptions extends ResumingOptions {
  /** The room; default: the room without a key. */
  readonly key?: string | undefined
  /** Where to start: after this position if the history still has it, or with the oldest message. Default: with the next message. */
  readonly since?: Since | undefined
}

export const subscribeOptions: OptionTable<SubscribeOptions> = { ...resumingOptions, key: 'any', since: 'any' }

/** The epoch and the session in which messages arrived. */
type Place = Required<Omit<Position, 'offset'>>

/** A message and its number in the room. */
interface Numbered<Message> {
  readonly place: Place
  readonly offset: number
  readonly message: Message
}

/**
 * The messages of a channel. Iterate the subscription, or pass a handler to `subscribe`. It survives lost links and server
 * restarts; `recovered` says whether any message was missed. Unread messages wait on the server, up to the channel's bounds.
 * An open subscription keeps the process alive.
 *
 * @example
 * const subscription = client.subscribe(News)
 * for await (const story of subscription) console.log(story.title)
 */
export class Subscription<Message = unknown> extends ResumingStream<Numbered<Message>, Message> {
  readonly #room: RoomRequest
  /** Where the first call starts. */
  readonly #since: Since | undefined
  // The position of the next call, in separate fields to avoid an object per message.
  #place: Place | undefined
  #offset = 0
  #handedPlace: Place | undefined
  #handedOffset = 0
  #recovered = true
  #lostCount = 0
  /** The messages lost in the current call. */
  #lostInCall = 0

  /** Created by `client.subscribe`. @internal */
  constructor(
    kit: ClientKit,
    room: RoomRequest,
    options: SubscribeOptions,
    onEnd: (stream: AnyResumingStream) => void,
  ) {
    super(kit, options, onEnd)
    this.#room = room
    this.#since = options.since
  }

  /** False once a message was lost, or may have been. */
  get recovered(): boolean {
    return this.#recovered
  }

  /** Messages lost because this client did not keep up, if the channel's `overflow` drops messages. */
  get lostCount(): number {
    return this.#lostCount
  }

  /** The position after the last message that was read. Pass it as `since` to continue from there. */
  get position(): Position | undefined {
    return this.#handedPlace === undefined ? undefined : positionOf(this.#handedPlace, this.#handedOffset)
  }

  protected override start(retry: number): Call<unknown, unknown> {
    const since = this.#place === undefined ? this.#since : positionOf(this.#place, this.#offset)
    const request = since === undefined ? this.#room : { ...this.#room, since }
    return this.kit.client.runAction(Subscribe, request, { retry }) as Call<unknown, unknown>
  }

  protected override onFirst(item: unknown): Opening<Numbered<Message>> {
    const { epoch, offset, session, recovered } = (item ?? {}) as Readonly<Record<string, unknown>>
    const isRight = typeof epoch === 'string' && isOffset(offset) && typeof session === 'string'
    if (!isRight || typeof recovered !== 'boolean') throw unreadable(item)
    this.#place = { epoch, session }
    this.#offset = offset
    this.#lostInCall = 0
    if (this.#handedPlace === undefined) {
      this.#handedPlace = this.#place
      this.#handedOffset = offset
    }
    this.#recovered &&= recovered
    return { recovered, steps: [] }
  }

  protected override onItem(item: unknown): readonly Numbered<Message>[] {
    if (Array.isArray(item) && item.length === 2 && isOffset(item[0])) {
      const [offset, message] = item as [number, Message]
      this.#offset = offset
      return [{ place: this.#place as Place, offset, message }] // set by the first item
    }
    const { lost } = (item ?? {}) as { readonly lost?: unknown }
    if (!isOffset(lost)) throw unreadable(item)
    this.#lostCount += lost - this.#lostInCall
    this.#lostInCall = lost
    this.#recovered = false
    return []
  }

  protected override onTaken({ place, offset, message }: Numbered<Message>): Message {
    this.#handedPlace = place
    this.#handedOffset = offset
    return message
  }
}

function positionOf({ epoch, session }: Place, offset: number): Position {
  return { epoch, offset, session }
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function unreadable(item: unknown): ProtocolError {
  return new ProtocolError(`a channel sent ${describe(item)}, which is not an item of a subscription`)
}
