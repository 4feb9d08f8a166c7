// One channel on a server: publishes to its rooms, admits clients, and tracks presence.
import type { Account } from '../../core/accounting/account.ts'
import type { Part } from '../../core/accounting/holders.ts'
import { isPromiseLike } from '../../core/action/item-source.ts'
import type { RunContext } from '../../core/action/run-context.ts'
import { queueMicrotask } from '../../core/base/platform-timers.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { ServerKit, SessionChange } from '../../core/server/feature.ts'
import type { MessageLogs } from '../../core/server/message-logs.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import { whileHere } from '../../core/server/while-here.ts'
import { copied } from '../../core/wire/bytes/payload.ts'
import type { ValueCodec } from '../../core/wire/value-codec.ts'
import { withOwnBytes } from '../../core/wire/values/bytes-as-given.ts'
import type { AnyChannel, Member } from './channel.ts'
import type { Ending, Head, Lost, PresenceEventName, Since } from './channel-actions.ts'
import type { ChannelRules } from './channel-options.ts'
import { ChannelPresence } from './channel-presence.ts'
import { admit, endingUnlessAdmitted, errorOfEnding, infoOf, notAllowed } from './entry.ts'
import type { KeptMessage } from './history.ts'
import type { LoggedChannel } from './logged-channel.ts'
import { type Destination, Publisher } from './publisher.ts'
import { Reader, type ReaderOptions } from './reader.ts'
import type { Room } from './room.ts'
import type { RoomMember } from './room-mirror.ts'
import { Rooms } from './rooms.ts'
import type { Serve, Serving } from './serving.ts'
import { type SessionStream, SessionStreams, type StreamFilter } from './session-streams.ts'

/** Concurrent calls of `canSubscribe` in `reauthorize`: each may query a database. */
const maxConcurrentChecks = 64

export class ChannelHost {
  readonly channel: AnyChannel
  readonly rules: ChannelRules
  readonly rooms: Rooms
  readonly presence: ChannelPresence
  readonly #kit: ServerKit
  readonly #codec: ValueCodec
  readonly #streams: SessionStreams
  readonly #publisher: Publisher
  #logging: Promise<LoggedChannel> | undefined
  #ending: Ending | undefined

  constructor(channel: AnyChannel, rules: ChannelRules, kit: ServerKit, codec: ValueCodec) {
    const { clock, accounting } = kit
    const { name, maxRooms, label, presenceGraceMs: graceMs, maxPerSession } = rules
    this.channel = channel
    this.rules = rules
    this.#kit = kit
    this.#codec = codec
    this.#streams = new SessionStreams(maxPerSession, label)
    this.presence = new ChannelPresence({
      clock,
      graceMs,
      infoOf: (session) => infoOf(channel, session, label, kit.report),
      announce: this.#announce,
      onVacant: (room) => this.rooms.used(room),
    })
    // The store has it.
    const history = rules.isDurable ? undefined : rules.history
    const isInUse = (room: Room): boolean => !this.presence.isVacant(room)
    this.rooms = new Rooms({
      clock,
      accounting,
      name,
      maxRooms,
      history,
      label,
      isInUse,
      onEvicted: this.#onRoomEvicted,
    })
    const log = rules.isDurable ? kit.sharedStore?.logs : undefined
    const requireOpen = (): void => this.#requireOpen()
    this.#publisher = new Publisher({ rules, kit, codec, rooms: this.rooms, log, requireOpen })
  }

  /** Runs a publish by the server's program. A failure is logged if the program does not await it. */
  publishFrom(publish: () => Promise<void>): Promise<void> {
    const lost = `a message for ${this.rules.label} could not be published`
    return unawaited(publish(), (error) => this.#kit.log.warn({ error }, lost))
  }

  /** Publishes a message. Settles when it is on its way to the subscribers, or committed. */
  publish(message: unknown, destination: Destination): Promise<void> {
    return this.#publisher.publish(message, destination)
  }

  /** Publishes a message of a client. Rejects if the channel does not allow it. */
  async publishFor(session: ServerSession, message: unknown, key: string): Promise<void> {
    const checked = await this.#publisher.check(message)
    const isAllowed = await this.channel.canPublish(session, checked, key === '' ? undefined : key)
    if (isAllowed !== true) throw notAllowed('publish to', this.rules.label)
    await this.#publisher.send(checked, { key }, this.#partOf(session))
  }

  /** Serves a subscription until the client or this side ends it. */
  async subscribe(context: RunContext, session: ServerSession, key: string, since: Since | undefined) {
    const joins = async (): Promise<RoomMember> => (await this.#log()).join(key, since, session.id)
    const prepare = this.rules.isDurable ? joins : undefined
    const serve: Serve = async (room, stream, member) => {
      const { overflow, label } = this.rules
      const start = member?.begin() ?? { epoch: room.epoch, ...room.startFor(since, session.id, this.#kit.clock.now()) }
      this.presence.enter(room, session, () => withOwnBytes(this.channel.presenceOf(session)))
      const { epoch, offset, recovered, missed } = start
      const head: Head = { epoch, offset, recovered, session: session.id }
      const lossNotice = (lost: number): Lost => ({ lost })
      const reader = this.#reader({ session, context, first: [head, ...missed], overflow, label, lossNotice })
      Object.assign(stream, { room, reader })
      room.add(reader)
      const leave = (): void => {
        room.remove(reader)
        this.presence.exit(room, session)
        this.rooms.used(room)
      }
      return whileHere(context.signal, leave, () => reader.run())
    }
    return this.#serve(context, session, { key, serve, prepare })
  }

  /** Serves a presence watch: sends the present members, then each join and leave. */
  async watch(context: RunContext, session: ServerSession, key: string) {
    const serve: Serve = async (room, stream) => {
      const label = `presence of ${this.rules.label}`
      const first = [{ members: this.presence.members(room) }]
      const reader = this.#reader({ session, context, first, overflow: 'drop-reader', label })
      Object.assign(stream, { room, reader })
      room.addWatcher(reader)
      const leave = (): void => {
        room.removeWatcher(reader)
        this.rooms.used(room)
      }
      return whileHere(context.signal, leave, () => reader.run())
    }
    return this.#serve(context, session, { key, serve })
  }

  /** Returns the present members to a client. Rejects if the client may not subscribe. */
  async membersFor(context: RunContext, session: ServerSession, key: string): Promise<Member[]> {
    await this.#admit(context, session, key)
    return this.presence.members(this.rooms.find(key))
  }

  /** The newest messages that are kept, oldest first. */
  async history(key: string, limit: number): Promise<{ readonly offset: number; readonly message: unknown }[]> {
    if (this.rules.isDurable) return (await this.#log()).history(key, limit)
    const decoded = this.kept(key, limit).map(({ item }) => this.#codec.decode(copied(item.payload)))
    return (decoded as [number, unknown][]).map(([offset, message]) => ({ offset, message }))
  }

  /** Returns up to `limit` messages of a room's history, oldest first. */
  kept(key: string, limit: number): readonly KeptMessage[] {
    return this.rooms.find(key)?.kept(limit, this.#kit.clock.now()) ?? []
  }

  /** Ends streams, including those not accepted yet. Returns their number. */
  endStreams(filter: StreamFilter, ending: Ending): number {
    const streams = this.#streams.matching(filter)
    for (const stream of streams) {
      stream.ending = ending
      stream.reader?.end(ending)
    }
    return streams.length
  }

  /** Calls `canSubscribe` again for streams, a bounded number at a time. Settles with the number of streams that ended. */
  async reauthorize(filter: StreamFilter): Promise<number> {
    const remaining = this.#streams.matching(filter).values()
    let ended = 0
    const checkEach = async (): Promise<void> => {
      for (const stream of remaining) {
        stream.isStale = true
        if (stream.reader !== undefined && (await this.#recheck(stream, stream.reader))) ended++
      }
    }
    await Promise.all(Array.from({ length: maxConcurrentChecks }, checkEach))
    return ended
  }

  /** Ends all streams, and accepts no more. */
  close(ending: Ending): void {
    this.#ending ??= ending
    for (const room of this.rooms.all()) for (const reader of [...room.readers, ...room.watchers]) reader.end(ending)
    this.presence.close()
    void this.#logging?.then((log) => log.close())
    this.rooms.close()
  }

  sessionChanged(session: ServerSession, change: SessionChange): void {
    this.presence.changed(session, change)
    if (change !== 'cut' && change !== 'resumed') return
    for (const stream of this.#streams.of(session.id)) {
      const { reader, room } = stream
      if (reader !== undefined) room?.updateConnection(reader)
      if (change === 'cut') continue
      stream.isStale = true
      if (reader !== undefined) void this.#recheck(stream, reader)
    }
  }

  async #serve(
    context: RunContext,
    session: ServerSession,
    { key, serve, prepare }: Serving,
  ): Promise<Ending | undefined> {
    const stream = this.#streams.add(session, key)
    let member: RoomMember | undefined
    const leave = (): void => {
      this.#streams.remove(session, stream)
      member?.leave()
    }
    return whileHere(context.signal, leave, async () => {
      do {
        stream.isStale = false
        member?.leave()
        await this.#admit(context, session, key)
        member = await prepare?.()
        if (context.signal.aborted) member?.leave()
      } while (stream.isStale)
      const ending = stream.ending ?? this.#ending
      return ending ?? serve(this.rooms.getOrCreate(key, this.#partOf(session)), stream, member)
    })
  }

  /** The rooms of a durable channel as this server follows them. */
  async #log(): Promise<LoggedChannel> {
    this.#logging ??= import('./logged-channel.ts').then(({ LoggedChannel: Logged }) => {
      const { rules, rooms } = this
      const log = this.#kit.sharedStore?.logs as MessageLogs // see Channels.add
      return new Logged({ log, rules, kit: this.#kit, codec: this.#codec, rooms, encode: this.#publisher.encode })
    })
    return this.#logging
  }

  #admit({ signal }: RunContext, session: ServerSession, key: string): Promise<void> {
    return admit(this.channel, this.rules.label, session, key, signal)
  }

  /** Checks a stream against the session's current identity. Ends it, and returns true, if it is no longer allowed. */
  async #recheck({ key }: SessionStream, reader: Reader): Promise<boolean> {
    const { clock, limits, report } = this.#kit
    const { label } = this.rules
    const admission = this.#admit(reader.context, reader.session, key)
    const isSettled = await settlesWithin(clock, admission, limits.handshakeTimeoutMs)
    const late = new Error(`canSubscribe did not answer within ${limits.handshakeTimeoutMs} ms`)
    const ending = await endingUnlessAdmitted(isSettled ? admission : Promise.reject(late), label, report)
    if (ending !== undefined) reader.end(ending)
    return ending !== undefined
  }

  /** The log of a durable channel is there until the server has drained. */
  #requireOpen(): void {
    const isDraining = this.rules.isDurable && this.#ending?.code === 'SHUTTING_DOWN'
    if (this.#ending !== undefined && !isDraining) throw errorOfEnding(this.#ending)
  }

  #reader(options: Omit<ReaderOptions, 'maxQueued' | 'maxQueuedBytes'>): Reader {
    const { maxQueued, maxQueuedBytes } = this.rules
    return new Reader({ maxQueued, maxQueuedBytes, ...options })
  }

  /** The account that is charged for rooms and messages of this client. */
  #partOf({ account }: ServerSession): Part {
    return (account as Account).part // every session of a server has one
  }

  /** The subscribers of the room subscribe again, to a new room with the same key. */
  readonly #onRoomEvicted = (room: Room): void => {
    const message = `a room of ${this.rules.label} was removed because other clients needed its place`
    for (const reader of [...room.readers, ...room.watchers]) reader.end({ code: 'LINK_LOST', message })
    // Deferred, because it runs the program's hooks, and the caller is not finished yet.
    queueMicrotask(() => this.presence.vacate(room))
  }

  readonly #announce = (event: PresenceEventName, member: Member, room: Room): void => {
    const key = room.key === '' ? undefined : room.key
    const failed = (error: unknown): void => this.#kit.report(error, `presence of ${this.rules.label}`)
    try {
      if (room.watchers.size > 0) {
        const item = this.#publisher.encode([event, member], 'presence')
        for (const watcher of room.watchers) watcher.deliver(item)
      }
      // The hooks may be asynchronous, although their type says otherwise.
      const returned: unknown = event === 'join' ? this.channel.onJoin(member, key) : this.channel.onLeave(member, key)
      if (isPromiseLike(returned)) returned.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  }
}
