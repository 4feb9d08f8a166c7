// A room of a durable channel, as this server follows its log: delivers each message once and in order, and reads from the log what it
// has not heard of. Keeps no messages, except for subscribers that are about to join.
//
//   news of offset + 1, with its message ──> delivered
//   news of a later one, or of an unread one ──> the log is read from offset + 1 on, page by page
//   another epoch, or messages that are gone ──> all readers end, and learn what they missed when they subscribe again
import type { Clock } from '../../core/base/clock.ts'
import { ServerError } from '../../core/base/errors.ts'
import type { LoggedMessage, LogNews, LogRoom, MessageLogs } from '../../core/server/message-logs.ts'
import type { Encoded } from '../../core/wire/bytes/encoded.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import { type Audience, audienceIn, isFor } from './audience.ts'
import type { Ending, Since } from './channel-actions.ts'
import type { HistoryBounds } from './history.ts'
import { nowhere, readSince } from './log-reading.ts'
import type { Start } from './room.ts'

export interface RoomMirrorOptions {
  readonly log: MessageLogs
  readonly room: LogRoom
  readonly bounds: HistoryBounds
  readonly clock: Clock
  readonly maxQueued: number
  readonly maxQueuedBytes: number
  /** Throws if the message cannot be read here. */
  readonly encode: (message: LoggedMessage) => Encoded
  readonly deliver: (item: Encoded, audience: Audience | undefined) => void
  /** Ends the readers of the room. */
  readonly endReaders: (ending: Ending) => void
  /** Whether a reader has so much to read that it might be dropped. */
  readonly isBehind: () => boolean
  /** Called when nobody needs the mirror. */
  readonly onVacant: () => void
}

/** A message for a subscriber that is about to join. */
interface Buffered {
  readonly offset: number
  readonly item: Encoded
  readonly audience: Audience | undefined
}

interface Joiner {
  readonly buffered: Buffered[]
  bytes: number
  isOver: boolean
}

/** Where a subscriber of the mirrored room starts. */
export interface MirroredStart extends Start {
  readonly epoch: string
}

/** A subscriber, or one that is about to join. */
export interface RoomMember {
  /** Its first messages; what follows is delivered to the room. Throws if it must join again. */
  begin(): MirroredStart
  leave(): void
}

const mostAttempts = 3
const longestPage = 256
/** How long readers that are behind hold up the next page. */
const longestPauseMs = 1_000
const pauseMs = 5

export class RoomMirror {
  readonly #options: RoomMirrorOptions
  readonly #joiners = new Set<Joiner>()
  readonly #unwatch: () => void
  /** undefined: not known yet. */
  #epoch: string | undefined
  #offset = 0
  #wanted = 0
  #mustLook = false
  #opening: Promise<void> | undefined
  #reading: Promise<void> | undefined
  #memberCount = 0
  #isClosed = false

  constructor(options: RoomMirrorOptions) {
    this.#options = options
    this.#unwatch = options.log.watch(options.room, this.#onNews)
  }

  /** Registers first, then reads what was missed, and buffers what comes meanwhile: so nothing is lost or doubled. */
  async join(since: Since | undefined, session: string): Promise<RoomMember> {
    this.#memberCount++
    try {
      for (let i = 0; i < mostAttempts; i++) {
        const member = await this.#tryToJoin(since, session)
        if (member !== undefined) return member
      }
      throw interrupted()
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
    this.#unwatch()
    for (const joiner of this.#joiners) joiner.isOver = true
    this.#joiners.clear()
  }

  async #tryToJoin(since: Since | undefined, session: string): Promise<RoomMember | undefined> {
    const { log, room, bounds, encode } = this.#options
    await this.#open()
    const joiner: Joiner = { buffered: [], bytes: 0, isOver: false }
    this.#joiners.add(joiner)
    let hasJoined = false
    try {
      const { epoch, last, start } = await readSince({ log, room, bounds, encode, since, session })
      if (epoch !== this.#epoch) {
        this.#look()
        await this.#reading
        return undefined
      }
      await this.#reach(last)
      if (joiner.isOver || epoch !== this.#epoch) return undefined
      hasJoined = true
      return this.#memberOf(joiner, { epoch, last, start }, { since, session })
    } finally {
      if (!hasJoined) this.#joiners.delete(joiner)
    }
  }

  #memberOf(
    joiner: Joiner,
    { epoch, last, start }: { readonly epoch: string; readonly last: number; readonly start: Start },
    { since, session }: { readonly since: Since | undefined; readonly session: string },
  ): RoomMember {
    let isHere = true
    const former = typeof since === 'object' && start.recovered ? since.session : undefined
    return {
      begin: () => {
        this.#joiners.delete(joiner)
        if (joiner.isOver || this.#isClosed || epoch !== this.#epoch) throw interrupted()
        const later = joiner.buffered.filter(
          ({ offset, audience }) => offset > last && isFor(audience, session, former),
        )
        return { ...start, epoch, missed: [...start.missed, ...later.map(({ item }) => item)] }
      },
      leave: () => {
        this.#joiners.delete(joiner)
        if (isHere) this.#leave()
        isHere = false
      },
    }
  }

  #leave(): void {
    this.#memberCount--
    if (this.#memberCount === 0) this.#options.onVacant()
  }

  readonly #onNews = ({ offset, message, epoch }: LogNews): void => {
    if (this.#isClosed) return
    const isNext = this.#epoch !== undefined && this.#reading === undefined && offset === this.#offset + 1
    if (isNext && message !== undefined) return this.#take(message)
    this.#wanted = Math.max(this.#wanted, offset)
    if (this.#epoch === undefined) return
    const hasLost = epoch !== undefined && ((epoch !== '' && epoch !== this.#epoch) || offset < this.#offset)
    if (hasLost) this.#look()
    else if (this.#wanted > this.#offset) void this.#catchUp()
  }

  async #open(): Promise<void> {
    if (this.#epoch !== undefined) return
    const { log, room } = this.#options
    this.#opening ??= log
      .after(room, nowhere, 1)
      .then(({ epoch, head }) => {
        this.#epoch = epoch
        this.#offset = head
        if (this.#wanted > head) void this.#catchUp()
      })
      .finally(() => {
        this.#opening = undefined
      })
    await this.#opening
  }

  /** Settles when this server has delivered the message. Rejects if it cannot be read. */
  async #reach(offset: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, offset)
    while (!this.#isClosed && this.#epoch !== undefined && this.#offset < offset) {
      const before = this.#offset
      await this.#catchUp()
      if (this.#offset === before && this.#epoch !== undefined) throw interrupted()
    }
  }

  /** Looks whether the log is still the same. */
  #look(): void {
    this.#mustLook = true
    void this.#catchUp()
  }

  /** Never rejects: if the store is away, the next news lets it continue. */
  #catchUp(): Promise<void> {
    if (this.#reading === undefined && this.#mustRead) this.#reading = this.#readOn()
    return this.#reading ?? Promise.resolve()
  }

  get #mustRead(): boolean {
    return !this.#isClosed && (this.#mustLook || this.#wanted > this.#offset)
  }

  async #readOn(): Promise<void> {
    try {
      while (this.#mustRead) if (!(await this.#readPage())) return
    } catch {
      // See above.
    } finally {
      // Not a moment later: what comes then must be read, too.
      this.#reading = undefined
    }
  }

  /** Returns whether the log is still the same. */
  async #readPage(): Promise<boolean> {
    const { log, room, maxQueued } = this.#options
    const limit = Math.max(1, Math.min(longestPage, Math.floor(maxQueued / 2)))
    this.#mustLook = false
    const wanted = this.#wanted
    const page = await log.after(room, this.#offset, limit)
    if (this.#isClosed) return false
    const isGone = page.head > this.#offset && page.messages[0]?.offset !== this.#offset + 1
    if (page.epoch !== this.#epoch || page.head < this.#offset || isGone) {
      this.#reset(lostPlace)
      return false
    }
    // Unless more was heard of meanwhile.
    if (page.messages.length === 0 && this.#wanted === wanted) this.#wanted = this.#offset
    for (const message of page.messages) {
      this.#take(message)
      if (this.#epoch === undefined) return false
    }
    if (page.messages.length > 0) await this.#pause()
    return true
  }

  /** Lets readers read. */
  async #pause(): Promise<void> {
    const { clock, isBehind } = this.#options
    for (let waitedMs = 0; waitedMs < longestPauseMs && isBehind() && !this.#isClosed; waitedMs += pauseMs)
      await new Promise<void>((resolve) => void clock.setTimer(resolve, pauseMs))
  }

  #take(message: LoggedMessage): void {
    const { encode, deliver, maxQueued, maxQueuedBytes } = this.#options
    const { offset } = message
    const audience = audienceIn(message)
    let item: Encoded
    try {
      item = encode(message)
    } catch {
      return this.#reset(unreadable)
    }
    this.#offset = offset
    for (const joiner of this.#joiners) {
      joiner.buffered.push({ offset, item, audience })
      joiner.bytes += payloadSize(item.payload)
      if (joiner.buffered.length <= maxQueued && joiner.bytes <= maxQueuedBytes) continue
      joiner.isOver = true
      this.#joiners.delete(joiner)
    }
    deliver(item, audience)
  }

  #reset(ending: Ending): void {
    this.#epoch = undefined
    this.#offset = this.#wanted = 0
    this.#mustLook = false
    for (const joiner of this.#joiners) joiner.isOver = true
    this.#joiners.clear()
    this.#options.endReaders(ending)
  }
}

const lostPlace: Ending = { code: 'LINK_LOST', message: 'the log of this room has changed; subscribe again' }
const unreadable: Ending = { code: 'INTERNAL', message: 'a message of this room cannot be read by this server' }

function interrupted(): ServerError {
  return new ServerError('the log of this room cannot be read now; subscribe again', { code: 'LINK_LOST' })
}
