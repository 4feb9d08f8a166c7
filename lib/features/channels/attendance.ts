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

export interface AttendanceOptions {
  readonly clock: Clock
  readonly graceMs: number
  /** What presence shows of a session today; undefined: nothing. Must not throw. */
  readonly infoOf: (session: ServerSession) => unknown
  /** Tells whoever wants to know. Must not throw. */
  readonly announce: (event: PresenceEventName, member: Member, room: Room) => void
  /** Nobody is present in the room any more. */
  readonly onVacant: (room: Room) => void
}

/** Presence of a session whose page was left: enough for a page that is reloaded and whose old link ends late. */
const leftPageGraceMs = 2_000

interface Attendant {
  readonly room: Room
  readonly session: ServerSession
  member: Member
  /** Its subscriptions to the room. */
  readerCount: number
  isListed: boolean
}

export class Attendance {
  readonly #options: AttendanceOptions
  readonly #bySession = new Map<string, Map<Room, Attendant>>()
  readonly #listed = new Map<Room, Set<Attendant>>()
  /** With the end of their grace. Within each, all graces are equally long, so the first ends first. */
  readonly #away = new Map<Attendant, number>()
  readonly #left = new Map<Attendant, number>()
  readonly #graces: DeadlineSweep

  constructor(options: AttendanceOptions) {
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
    const own = this.#bySession.get(session.id) ?? new Map<Room, Attendant>()
    let attendant = own.get(room)
    if (attendant === undefined) {
      const told = info()
      if (told === undefined) return
      attendant = { room, session, member: { session: session.id, info: told }, readerCount: 0, isListed: false }
      own.set(room, attendant)
      this.#bySession.set(session.id, own)
    }
    attendant.readerCount++
    if (session.isConnected) this.#isBack(attendant)
    this.#list(attendant)
  }

  /** One of the session's subscriptions to the room is over. */
  exit(room: Room, session: ServerSession): void {
    const attendant = this.#bySession.get(session.id)?.get(room)
    if (attendant === undefined) return
    attendant.readerCount--
    // One that ended while the link was cut is asked for again when the link is back.
    if (attendant.readerCount <= 0 && !this.#isAway(attendant)) this.#remove(attendant)
  }

  changed(session: ServerSession, change: SessionChange): void {
    for (const attendant of [...(this.#bySession.get(session.id)?.values() ?? [])]) {
      if (change === 'ended') this.#remove(attendant)
      else if (change === 'cut') this.#awaitReturn(attendant)
      else if (change === 'resumed') this.#welcomeBack(attendant)
    }
  }

  /** The room is no more: nobody is present there. */
  vacate(room: Room): void {
    for (const attendant of [...(this.#listed.get(room) ?? [])]) this.#remove(attendant)
  }

  /** Forgets all of a room, and says nothing. */
  close(): void {
    this.#graces.close()
    this.#away.clear()
    this.#left.clear()
    this.#listed.clear()
    this.#bySession.clear()
  }

  #awaitReturn(attendant: Attendant): void {
    const { clock, graceMs } = this.#options
    const isLeft = attendant.session.hasLeftPage && !attendant.session.isConnected && leftPageGraceMs < graceMs
    const endsAtMs = clock.now() + (isLeft ? leftPageGraceMs : graceMs)
    this.#isBack(attendant)
    const away = isLeft ? this.#left : this.#away
    away.set(attendant, endsAtMs)
    this.#graces.watch(endsAtMs)
  }

  #isAway(attendant: Attendant): boolean {
    return this.#away.has(attendant) || this.#left.has(attendant)
  }

  #isBack(attendant: Attendant): void {
    this.#away.delete(attendant)
    this.#left.delete(attendant)
  }

  #welcomeBack(attendant: Attendant): void {
    if (attendant.readerCount <= 0) return this.#awaitReturn(attendant)
    this.#isBack(attendant)
    const { session, member } = attendant
    const info = this.#options.infoOf(session)
    if (info === undefined) return this.#remove(attendant)
    if (!isSame(info, member.info)) {
      this.#unlist(attendant)
      attendant.member = { session: session.id, info }
    }
    this.#list(attendant)
  }

  readonly #endGraces = (nowMs: number): number =>
    Math.min(this.#endGracesOf(this.#away, nowMs), this.#endGracesOf(this.#left, nowMs))

  #endGracesOf(away: Map<Attendant, number>, nowMs: number): number {
    for (const [attendant, endsAtMs] of away) {
      if (endsAtMs > nowMs) return endsAtMs
      away.delete(attendant)
      // Its subscriptions go on: with its link it will be present again.
      if (attendant.readerCount > 0) this.#unlist(attendant)
      else this.#remove(attendant)
    }
    return Number.POSITIVE_INFINITY
  }

  #remove(attendant: Attendant): void {
    const own = this.#bySession.get(attendant.session.id)
    own?.delete(attendant.room)
    if (own?.size === 0) this.#bySession.delete(attendant.session.id)
    this.#isBack(attendant)
    this.#unlist(attendant)
  }

  #list(attendant: Attendant): void {
    if (attendant.isListed) return
    attendant.isListed = true
    const listed = this.#listed.get(attendant.room)
    if (listed === undefined) this.#listed.set(attendant.room, new Set([attendant]))
    else listed.add(attendant)
    this.#options.announce('join', attendant.member, attendant.room)
  }

  #unlist(attendant: Attendant): void {
    if (!attendant.isListed) return
    attendant.isListed = false
    const { room } = attendant
    const listed = this.#listed.get(room)
    listed?.delete(attendant)
    if (listed?.size === 0) this.#listed.delete(room)
    this.#options.announce('leave', attendant.member, room)
    if (listed?.size === 0) this.#options.onVacant(room)
  }
}

/** As far as JSON can tell: what differs in nothing else is not announced. */
function isSame(some: unknown, other: unknown): boolean {
  try {
    return some === other || JSON.stringify(some) === JSON.stringify(other)
  } catch {
    return false
  }
}
