// PresenceWatch, the client's view of the members of a room. After a reconnect it requests the list again and reports the
// differences as events.
import type { Call } from '../../core/action/call.ts'
import { BusyError, ProtocolError } from '../../core/base/errors.ts'
import type { OptionTable } from '../../core/base/option-table.ts'
import { describe } from '../../core/base/options.ts'
import type { ClientKit } from '../../core/client/client-kit.ts'
import type { Member } from './channel.ts'
import { type PresenceEventName, type RoomRequest, WatchPresence } from './channel-actions.ts'
import {
  type AnyResumingStream,
  type Opening,
  type ResumingOptions,
  ResumingStream,
  resumingOptions,
} from './resuming-stream.ts'

/** A member joined or left. */
export interface PresenceEvent<Info = unknown> {
  readonly event: PresenceEventName
  readonly member: Member<Info>
}

/** Options of a presence watch. */
export interface PresenceOptions extends ResumingOptions {
  /** The room; default: the room without a key. */
  readonly key?: string | undefined
}

export const presenceOptions: OptionTable<PresenceOptions> = { ...resumingOptions, key: 'any' }

/**
 * Joins and leaves in a room. Iterate it, or pass a handler. The members present at the start are in `members`.
 *
 * @example
 * const presence = client.watchPresence(News)
 * await presence.ready
 * console.log(presence.members.length, 'readers')
 * for await (const { event, member } of presence) console.log(event, member.info)
 */
export class PresenceWatch<Info = unknown> extends ResumingStream<PresenceEvent<Info>, PresenceEvent<Info>> {
  readonly #room: RoomRequest
  /** The members as last reported by the server. */
  #known: ReadonlyMap<string, Member<Info>> | undefined
  /** The members as the reader knows them. */
  #reported = new Map<string, Member<Info>>()

  /** Created by `client.watchPresence`. @internal */
  constructor(kit: ClientKit, room: RoomRequest, options: PresenceOptions, onEnd: (stream: AnyResumingStream) => void) {
    super(kit, options, onEnd)
    this.#room = room
  }

  /** The present members, as of the last event that was read. */
  get members(): readonly Member<Info>[] {
    return [...this.#reported.values()]
  }

  protected override start(retry: number): Call<unknown, unknown> {
    return this.kit.client.runAction(WatchPresence, this.#room, { retry }) as Call<unknown, unknown>
  }

  protected override onFirst(item: unknown): Opening<PresenceEvent<Info>> {
    const { members } = (item ?? {}) as { readonly members?: unknown }
    if (!Array.isArray(members) || !members.every(isMember)) throw unreadable(item)
    const before = this.#known
    const now = new Map((members as Member<Info>[]).map((member) => [member.session, member]))
    this.#known = now
    if (before === undefined) {
      this.#reported = new Map(now)
      return { recovered: true, steps: [] }
    }
    const left = [...before.values()].filter(({ session }) => !now.has(session))
    const joined = [...now.values()].filter(({ session }) => !before.has(session))
    const leaving = left.map((member): PresenceEvent<Info> => ({ event: 'leave', member }))
    const joining = joined.map((member): PresenceEvent<Info> => ({ event: 'join', member }))
    return { recovered: true, steps: [...leaving, ...joining] }
  }

  protected override onItem(item: unknown): readonly PresenceEvent<Info>[] {
    const [event, member] = Array.isArray(item) ? item : []
    if ((event !== 'join' && event !== 'leave') || !isMember(member)) throw unreadable(item)
    const known = this.#known as Map<string, Member<unknown>> // set by the first item
    if (event === 'join') known.set(member.session, member)
    else known.delete(member.session)
    return [{ event, member: member as Member<Info> }]
  }

  protected override onTaken(step: PresenceEvent<Info>): PresenceEvent<Info> {
    const { event, member } = step
    if (event === 'join') this.#reported.set(member.session, member)
    else this.#reported.delete(member.session)
    return step
  }

  /** A watch that was too slow or disconnected starts again: the new list is complete. */
  protected override isPassing(error: unknown): boolean {
    return error instanceof BusyError || super.isPassing(error)
  }
}

function isMember(value: unknown): value is Member {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Member>).session === 'string'
}

function unreadable(item: unknown): ProtocolError {
  return new ProtocolError(`a channel sent ${describe(item)}, which is not a presence item`)
}
