// PresenceWatch: the client's look at who is present in a channel's room. After a break it asks for the list anew, and
// tells what is different as if it had seen it happen.
import type { Call } from '../../core/action/call.ts'
import { BusyError, ProtocolError } from '../../core/base/errors.ts'
import type { OptionTable } from '../../core/base/option-table.ts'
import { describe } from '../../core/base/options.ts'
import type { ClientKit } from '../../core/client/client-kit.ts'
import type { Member } from './channel.ts'
import { type PresenceEventName, type RoomRequest, WatchPresence } from './channel-actions.ts'
import {
  type AnyLastingStream,
  type LastingOptions,
  LastingStream,
  lastingOptions,
  type Opening,
} from './lasting-stream.ts'

/** Somebody came, or went. */
export interface PresenceEvent<Info = unknown> {
  readonly event: PresenceEventName
  readonly member: Member<Info>
}

/** Options of a look at presence. */
export interface PresenceOptions extends LastingOptions {
  /** The room; without it, the one that has no key. */
  readonly key?: string
}

export const presenceOptions: OptionTable<PresenceOptions> = { ...lastingOptions, key: 'any' }

/**
 * Who comes and goes: iterate it, or pass a handler. Those who are there at the beginning are `members`.
 *
 * @example
 * const presence = client.watchPresence(News)
 * await presence.ready
 * console.log(presence.members.length, 'readers')
 * for await (const { event, member } of presence) console.log(event, member.info)
 */
export class PresenceWatch<Info = unknown> extends LastingStream<PresenceEvent<Info>, PresenceEvent<Info>> {
  readonly #room: RoomRequest
  /** As the server told it. */
  #known: ReadonlyMap<string, Member<Info>> | undefined
  /** As the reader was told. */
  #told = new Map<string, Member<Info>>()

  /** Users get theirs from `client.watchPresence`. @internal */
  constructor(kit: ClientKit, room: RoomRequest, options: PresenceOptions, onEnd: (stream: AnyLastingStream) => void) {
    super(kit, options, onEnd)
    this.#room = room
  }

  /** Those present, as far as the events were read. */
  get members(): readonly Member<Info>[] {
    return [...this.#told.values()]
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
      this.#told = new Map(now)
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
    const known = this.#known as Map<string, Member<unknown>> // the first item made it
    if (event === 'join') known.set(member.session, member)
    else known.delete(member.session)
    return [{ event, member: member as Member<Info> }]
  }

  protected override onTaken(step: PresenceEvent<Info>): PresenceEvent<Info> {
    const { event, member } = step
    if (event === 'join') this.#told.set(member.session, member)
    else this.#told.delete(member.session)
    return step
  }

  /** A look that was slow, or cut off, is taken anew: the list says all. */
  protected override isPassing(error: unknown): boolean {
    return error instanceof BusyError || super.isPassing(error)
  }
}

function isMember(value: unknown): value is Member {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Member>).session === 'string'
}

function unreadable(item: unknown): ProtocolError {
  return new ProtocolError(`a channel sent ${describe(item)}, which says nothing of who is present`)
}
