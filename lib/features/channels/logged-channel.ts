// The rooms of a durable channel, whose messages are in a log that servers share. Loaded for the first one. Leaves permissions, presence
// and readers to the channel's host.
import { ServerError } from '../../core/base/errors.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { LoggedMessage, MessageLogs } from '../../core/server/message-logs.ts'
import type { Encoded } from '../../core/wire/bytes/encoded.ts'
import { copied, type Payload } from '../../core/wire/bytes/payload.ts'
import type { ValueCodec } from '../../core/wire/value-codec.ts'
import type { Since } from './channel-actions.ts'
import type { ChannelRules } from './channel-options.ts'
import type { HistoryBounds } from './history.ts'
import { requireStorable } from './logged-message.ts'
import { type RoomMember, RoomMirror } from './room-mirror.ts'
import type { Rooms } from './rooms.ts'

export interface LoggedChannelParts {
  readonly log: MessageLogs
  readonly rules: ChannelRules
  readonly kit: ServerKit
  readonly codec: ValueCodec
  readonly rooms: Rooms
  /** Encodes an item for all recipients. */
  readonly encode: (value: unknown, label: string) => Encoded
}

export class LoggedChannel {
  readonly #parts: LoggedChannelParts
  readonly #bounds: HistoryBounds
  readonly #mirrors = new Map<string, RoomMirror>()

  constructor(parts: LoggedChannelParts) {
    this.#parts = parts
    this.#bounds = parts.rules.history as HistoryBounds // durable channels have one
  }

  /** Leave it when the subscription ends. Rejects with `LINK_LOST` if the log cannot be read now. */
  async join(key: string, since: Since | undefined, session: string): Promise<RoomMember> {
    requireStorable(key)
    const mirror = this.#mirrors.get(key) ?? this.#mirror(key)
    try {
      return await mirror.join(since, session)
    } catch (error) {
      if (error instanceof ServerError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new ServerError(`the log of ${this.#parts.rules.label} cannot be read now: ${reason}`, {
        code: 'LINK_LOST',
      })
    }
  }

  /** The newest messages, oldest first. */
  async history(key: string, limit: number): Promise<{ readonly offset: number; readonly message: unknown }[]> {
    const { log, rules } = this.#parts
    const { size, ttlMs } = this.#bounds
    const { messages, nowMs, head } = await log.newest({ channel: rules.name, key }, Math.min(limit, size))
    const kept = messages.filter(({ offset, atMs }) => offset > head - size && atMs > nowMs - ttlMs)
    return kept.map(({ offset, item }) => ({ offset, message: this.#messageIn(item) }))
  }

  close(): void {
    for (const mirror of this.#mirrors.values()) mirror.close()
  }

  #mirror(key: string): RoomMirror {
    const { log, rules, kit, rooms } = this.#parts
    const { name: channel, maxQueued, maxQueuedBytes } = rules
    const mirror = new RoomMirror({
      log,
      room: { channel, key },
      bounds: this.#bounds,
      clock: kit.clock,
      maxQueued,
      maxQueuedBytes,
      encode: this.#numbered,
      deliver: (item, audience) => rooms.find(key)?.deliver(item, audience),
      endReaders: (ending) => {
        for (const reader of [...(rooms.find(key)?.readers ?? [])]) reader.end(ending)
      },
      isBehind: () => [...(rooms.find(key)?.readers ?? [])].some(({ queuedCount }) => queuedCount > maxQueued / 2),
      onVacant: () => {
        mirror.close()
        if (this.#mirrors.get(key) === mirror) this.#mirrors.delete(key)
      },
    })
    this.#mirrors.set(key, mirror)
    return mirror
  }

  readonly #numbered = ({ offset, item }: LoggedMessage): Encoded => {
    try {
      return this.#parts.encode([offset, this.#messageIn(item)], 'message')
    } catch (error) {
      this.#parts.kit.report(error, `message ${offset} of ${this.#parts.rules.label}`)
      throw error
    }
  }

  #messageIn(item: Payload): unknown {
    return (this.#parts.codec.decode(copied(item)) as [number, unknown])[1]
  }
}
