// Who is present in the rooms of one channel. A session that lost its link stays present for the grace time; one that
// comes back later joins again. One whose page was left has a short grace: it is not expected back.
//
//   enter ──> present ──> [link cut] away ──> [link back] present
//                │                    ╰────> [grace over] left ──> [link back] present
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
  /** The info that presence shows of a session now; undefined: it is not shown. Must not throw. */
  readonly infoOf: (session: ServerSession) => unknown
  /** Called with each change. Must not throw. */
  readonly announce: (event: PresenceEventName, member: Member, room: Room) => void
  /** Called when nobody is present in the room any more. */
  readonly onVacant: (room: Room) => void
}

/** Presence of a session whose page was left: enough for a page that is reloaded and whose old link ends late. */
const leftPageGraceMs = 2_000

interface PresenceEntry {
  readonly room: Room
  readonly session: ServerSession
  member: Member
  /** Its subscriptions to the room. */
  readerCount: number
  isListed: boolean
}

export class ChannelPresence {
  readonly #options: ChannelPresenceOptions
  readonly #bySession = new Map<string, Map<Room, PresenceEntry>>()
  readonly #listed = new Map<Room, Set<PresenceEntry>>()
  /** The end of each entry's grace. All graces in one map are equally long, so they end in the order of insertion. */
  readonly #away = new Map<PresenceEntry, number>()
  readonly #left = new Map<PresenceEntry, number>()
  readonly #graces: DeadlineSweep

  constructor(options: ChannelPresenceOptions) {
    this.#options = options
    this.#graces = new DeadlineSweep(options.clock, this.#endGraces)
  }

  isVacant(room: Room): boolean {
    return !this.#listed.has(room)
  }

  /** Those present, in the order in which they came. */
  members(room: Room | undefined): Member[] {
    const listed = room === undefined ? undefined : this.#listed.get(room)
    return [...(listed ?? [])].map(({ member }) => member)
  }

  /** The session subscribed to the room. */
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
    if (session.isConnected) this.#isBack(entry)
    this.#list(entry)
  }

  /** One of the session's subscriptions to the room is over. */
  exit(room: Room, session: ServerSession): void {
    const entry = this.#bySession.get(session.id)?.get(room)
    if (entry === undefined) return
    entry.readerCount--
    // One that ended while the link was cut is asked for again when the link is back.
    if (entry.readerCount <= 0 && !this.#isAway(entry)) this.#remove(entry)
  }

  changed(session: ServerSession, change: SessionChange): void {
    for (const entry of [...(this.#bySession.get(session.id)?.values() ?? [])]) {
      if (change === 'ended') this.#remove(entry)
      else if (change === 'cut') this.#awaitReturn(entry)
      else if (change === 'resumed') this.#welcomeBack(entry)
    }
  }

  /** The room was removed: nobody is present there. */
  vacate(room: Room): void {
    for (const entry of [...(this.#listed.get(room) ?? [])]) this.#remove(entry)
  }

  /** Forgets all entries without announcing it. */
  close(): void {
    this.#graces.close()
    this.#away.clear()
    this.#left.clear()
    this.#listed.clear()
    this.#bySession.clear()
  }

  #awaitReturn(entry: PresenceEntry): void {
    const { clock, graceMs } = this.#options
    const isLeft = entry.session.hasLeftPage && !entry.session.isConnected && leftPageGraceMs < graceMs
    const endsAtMs = clock.now() + (isLeft ? leftPageGraceMs : graceMs)
    this.#isBack(entry)
    const away = isLeft ? this.#left : this.#away
    away.set(entry, endsAtMs)
    this.#graces.watch(endsAtMs)
  }

  #isAway(entry: PresenceEntry): boolean {
    return this.#away.has(entry) || this.#left.has(entry)
  }

  #isBack(entry: PresenceEntry): void {
    this.#away.delete(entry)
    this.#left.delete(entry)
  }

  #welcomeBack(entry: PresenceEntry): void {
    if (entry.readerCount <= 0) return this.#awaitReturn(entry)
    this.#isBack(entry)
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
    Math.min(this.#endGracesOf(this.#away, nowMs), this.#endGracesOf(this.#left, nowMs))

  #endGracesOf(away: Map<PresenceEntry, number>, nowMs: number): number {
    for (const [entry, endsAtMs] of away) {
      if (endsAtMs > nowMs) return endsAtMs
      away.delete(entry)
      // Its subscriptions continue: once its link is back it is present again.
      if (entry.readerCount > 0) this.#unlist(entry)
      else this.#remove(entry)
    }
    return Number.POSITIVE_INFINITY
  }

  #remove(entry: PresenceEntry): void {
    const own = this.#bySession.get(entry.session.id)
    own?.delete(entry.room)
    if (own?.size === 0) this.#bySession.delete(entry.session.id)
    this.#isBack(entry)
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

/** Compares as JSON: other differences are not announced. */
function isSame(some: unknown, other: unknown): boolean {
  try {
    return some === other || JSON.stringify(some) === JSON.stringify(other)
  } catch {
    return false
  }
}
