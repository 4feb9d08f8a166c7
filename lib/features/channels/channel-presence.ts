// Tracks which sessions are present in the rooms of one channel. A session that lost its link stays present for the grace period;
// if it comes back later, it joins again. The grace is short for a session whose page was left.
//
//   enter ──> present ──> [link cut] away ──> [link back] present
//                │                    ╰────> [grace ended] left ──> [link back] present
//                ╰──> [unsubscribed, session ended] left
import type { Clock } from '../../core/base/clock.ts'
import { DeadlineSweep } from '../../core/base/deadline-sweep.ts'
import type { SessionChange } from '../../core/server/feature.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import type { Member } from './channel.ts'
import type { PresenceEventName } from './channel-actions.ts'
import type { Room } from './room.ts'

export interface ChannelPresenceOptions {
  readonly clock: Clock
  readonly graceMs: number
  /** The current presence info of a session; undefined hides it. Must not throw. */
  readonly infoOf: (session: ServerSession) => unknown
  /** Called for each join and leave. Must not throw. */
  readonly announce: (event: PresenceEventName, member: Member, room: Room) => void
  /** Called when no session is present in the room any more. */
  readonly onVacant: (room: Room) => void
}

/** The grace period of a session whose page was left: enough for a page that is reloaded while its old link ends late. */
const leftPageGraceMs = 2_000

interface PresenceEntry {
  readonly room: Room
  readonly session: ServerSession
  member: Member
  /** The session's subscriptions to the room. */
  readerCount: number
  isListed: boolean
}

export class ChannelPresence {
  readonly #options: ChannelPresenceOptions
  readonly #bySession = new Map<string, Map<Room, PresenceEntry>>()
  readonly #listed = new Map<Room, Set<PresenceEntry>>()
  /** When each entry's grace period ends. All in one map are equally long, so they end in the order of insertion. */
  readonly #away = new Map<PresenceEntry, number>()
  readonly #leftPages = new Map<PresenceEntry, number>()
  readonly #graces: DeadlineSweep

  constructor(options: ChannelPresenceOptions) {
    this.#options = options
    this.#graces = new DeadlineSweep(options.clock, this.#endGraces)
  }

  isVacant(room: Room): boolean {
    return !this.#listed.has(room)
  }

  /** The present members, in the order in which they joined. */
  members(room: Room | undefined): Member[] {
    const listed = room === undefined ? undefined : this.#listed.get(room)
    return [...(listed ?? [])].map(({ member }) => member)
  }

  /** Called when the session has subscribed to the room. */
  enter(room: Room, session: ServerSession, info: () => unknown): void {
    const own = this.#bySession.get(session.id) ?? new Map<Room, PresenceEntry>()
    let entry = own.get(room)
    if (entry === undefined) {
      const shown = info()
      if (shown === undefined) return
      entry = { room, session, member: { session: session.id, info: shown }, readerCount: 0, isListed: false }
      own.set(room, entry)
      this.#bySession.set(session.id, own)
    }
    entry.readerCount++
    if (session.isConnected) this.#stopGrace(entry)
    this.#list(entry)
  }

  /** Called when one of the session's subscriptions to the room has ended. */
  exit(room: Room, session: ServerSession): void {
    const entry = this.#bySession.get(session.id)?.get(room)
    if (entry === undefined) return
    entry.readerCount--
    // A subscription that ended during an outage is requested again after the reconnect.
    if (entry.readerCount <= 0 && !this.#isAway(entry)) this.#remove(entry)
  }

  changed(session: ServerSession, change: SessionChange): void {
    for (const entry of [...(this.#bySession.get(session.id)?.values() ?? [])]) {
      if (change === 'ended') this.#remove(entry)
      else if (change === 'cut') this.#startGrace(entry)
      else if (change === 'resumed') this.#onResumed(entry)
    }
  }

  /** Called when the room was removed: all its members leave. */
  vacate(room: Room): void {
    for (const entry of [...(this.#listed.get(room) ?? [])]) this.#remove(entry)
  }

  /** Drops all entries without announcing it. */
  close(): void {
    this.#graces.close()
    this.#away.clear()
    this.#leftPages.clear()
    this.#listed.clear()
    this.#bySession.clear()
  }

  #startGrace(entry: PresenceEntry): void {
    const { clock, graceMs } = this.#options
    const isLeft = entry.session.hasLeftPage && !entry.session.isConnected && leftPageGraceMs < graceMs
    const endsAtMs = clock.now() + (isLeft ? leftPageGraceMs : graceMs)
    this.#stopGrace(entry)
    const away = isLeft ? this.#leftPages : this.#away
    away.set(entry, endsAtMs)
    this.#graces.watch(endsAtMs)
  }

  #isAway(entry: PresenceEntry): boolean {
    return this.#away.has(entry) || this.#leftPages.has(entry)
  }

  #stopGrace(entry: PresenceEntry): void {
    this.#away.delete(entry)
    this.#leftPages.delete(entry)
  }

  #onResumed(entry: PresenceEntry): void {
    if (entry.readerCount <= 0) return this.#startGrace(entry)
    this.#stopGrace(entry)
    const { session, member } = entry
    const info = this.#options.infoOf(session)
    if (info === undefined) return this.#remove(entry)
    if (!isSame(info, member.info)) {
      this.#unlist(entry)
      entry.member = { session: session.id, info }
    }
    this.#list(entry)
  }

  readonly #endGraces = (nowMs: number): number =>
    Math.min(this.#endGracesOf(this.#away, nowMs), this.#endGracesOf(this.#leftPages, nowMs))

  #endGracesOf(away: Map<PresenceEntry, number>, nowMs: number): number {
    for (const [entry, endsAtMs] of away) {
      if (endsAtMs > nowMs) return endsAtMs
      away.delete(entry)
      // Its subscriptions continue, so it is present again once its link is back.
      if (entry.readerCount > 0) this.#unlist(entry)
      else this.#remove(entry)
    }
    return Number.POSITIVE_INFINITY
  }

  #remove(entry: PresenceEntry): void {
    const own = this.#bySession.get(entry.session.id)
    own?.delete(entry.room)
    if (own?.size === 0) this.#bySession.delete(entry.session.id)
    this.#stopGrace(entry)
    this.#unlist(entry)
  }

  #list(entry: PresenceEntry): void {
    if (entry.isListed) return
    entry.isListed = true
    const listed = this.#listed.get(entry.room)
    if (listed === undefined) this.#listed.set(entry.room, new Set([entry]))
    else listed.add(entry)
    this.#options.announce('join', entry.member, entry.room)
  }

  #unlist(entry: PresenceEntry): void {
    if (!entry.isListed) return
    entry.isListed = false
    const { room } = entry
    const listed = this.#listed.get(room)
    listed?.delete(entry)
    if (listed?.size === 0) this.#listed.delete(room)
    this.#options.announce('leave', entry.member, room)
    if (listed?.size === 0) this.#options.onVacant(room)
  }
}

/** Compares as JSON. Differences that JSON does not show are not announced. */
function isSame(some: unknown, other: unknown): boolean {
  try {
    return some === other || JSON.stringify(some) === JSON.stringify(other)
  } catch {
    return false
  }
}
