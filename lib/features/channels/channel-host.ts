// One channel on a server: publishes into its rooms, admits clients, knows who is present.
import type { Account } from '../../core/accounting/account.ts'
import type { Part } from '../../core/accounting/holders.ts'
import type { PublishOptions } from '../../core/action/context.ts'
import { isPromiseLike } from '../../core/action/item-source.ts'
import type { RunContext } from '../../core/action/run-context.ts'
import { validate } from '../../core/action/schema.ts'
import { ServerError } from '../../core/base/errors.ts'
import { queueMicrotask } from '../../core/base/platform-timers.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { ServerKit, SessionChange } from '../../core/server/feature.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import { whileHere } from '../../core/server/while-here.ts'
import { Encoded } from '../../core/wire/bytes/encoded.ts'
import { detached } from '../../core/wire/bytes/payload.ts'
import { fitsFrame, tooLarge } from '../../core/wire/frames/frame-fit.ts'
import type { ValueCodec } from '../../core/wire/value-codec.ts'
import { bytesAsGiven, withOwnBytes } from '../../core/wire/values/bytes-as-given.ts'
import { type Audience, audienceOf } from './audience.ts'
import type { AnyChannel, Member } from './channel.ts'
import type { Ending, Head, Lost, PresenceEventName, Since } from './channel-actions.ts'
import type { ChannelRules } from './channel-options.ts'
import { ChannelPresence } from './channel-presence.ts'
import { admit, endingUnlessAdmitted, infoOf, notAllowed } from './entry.ts'
import type { KeptMessage } from './history.ts'
import { Reader, type ReaderOptions } from './reader.ts'
import type { Room } from './room.ts'
import { Rooms } from './rooms.ts'
import { type SessionStream, SessionStreams, type StreamChoice } from './session-streams.ts'

/** `canSubscribe` may query a database. */
const mostAskedAtOnce = 64

export class ChannelHost {
  readonly channel: AnyChannel
  readonly rules: ChannelRules
  readonly rooms: Rooms
  readonly presence: ChannelPresence
  readonly #kit: ServerKit
  readonly #codec: ValueCodec
  readonly #streams: SessionStreams
  #ending: Ending | undefined

  constructor(channel: AnyChannel, rules: ChannelRules, kit: ServerKit, codec: ValueCodec) {
    const { clock, accounting } = kit
    const { name, maxRooms, history, label, presenceGraceMs: graceMs, maxPerSession } = rules
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
    const isInUse = (room: Room): boolean => !this.presence.isVacant(room)
    this.rooms = new Rooms({ clock, accounting, name, maxRooms, history, label, isInUse, onTaken: this.#onRoomTaken })
  }

  /** A publish by the server, which the program may not await. */
  publishFrom(publish: () => Promise<void>): Promise<void> {
    const lost = `a message for ${this.rules.label} could not be published`
    return unawaited(publish(), (error) => this.#kit.log.warn({ error }, lost))
  }

  /** Settles when the message is on its way to the subscribers. */
  async publish(message: unknown, key: string, options: Pick<PublishOptions, 'to' | 'except'> = {}): Promise<void> {
    const { server } = this.#kit.accounting
    const checked = this.check(message)
    // Synchronous when there is nothing to wait for: the message is encoded as it is now.
    if (!(checked instanceof Promise)) return this.#send(checked, key, server, this.#audienceOf(options))
    const asGiven = bytesAsGiven(message)
    this.#send(asGiven(await checked), key, server, this.#audienceOf(options))
  }

  /** The message as the channel's schema returns it. Throws ValidationError. */
  check(message: unknown): unknown {
    const { schema, label } = this.rules
    return schema === undefined ? message : validate(schema, message, `message for ${label}`, 'INVALID_INPUT')
  }

  /** A publish by a client. Rejects when the channel does not allow it. */
  async publishFor(session: ServerSession, message: unknown, key: string): Promise<void> {
    const checked = await this.check(message)
    const isAllowed = await this.channel.canPublish(session, checked, key === '' ? undefined : key)
    if (isAllowed !== true) throw notAllowed('publish to', this.rules.label)
    this.#send(checked, key, this.#partOf(session))
  }

  /** Sends what is published, until the client or this side ends it. */
  async subscribe(context: RunContext, session: ServerSession, key: string, since: Since | undefined) {
    return this.#serve(context, session, key, async (room, stream) => {
      const { overflow, label } = this.rules
      this.presence.enter(room, session, () => withOwnBytes(this.channel.presenceOf(session)))
      const { offset, recovered, missed } = room.startFor(since, session.id, this.#kit.clock.now())
      const head: Head = { epoch: room.epoch, offset, recovered, session: session.id }
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
    })
  }

  /** Sends the members that are present, and then each join and leave. */
  async watch(context: RunContext, session: ServerSession, key: string) {
    return this.#serve(context, session, key, async (room, stream) => {
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
    })
  }

  /** The members that are present, for a client. Rejects when it may not subscribe. */
  async membersFor(context: RunContext, session: ServerSession, key: string): Promise<Member[]> {
    await this.#admit(context, session, key)
    return this.presence.members(this.rooms.find(key))
  }

  /** The history of a room, oldest first. */
  kept(key: string, limit: number): readonly KeptMessage[] {
    return this.rooms.find(key)?.kept(limit, this.#kit.clock.now()) ?? []
  }

  /** Ends streams, also those that have not begun. Returns their number. */
  endStreams(which: StreamChoice, ending: Ending): number {
    const chosen = this.#streams.chosen(which)
    for (const stream of chosen) {
      stream.ending = ending
      stream.reader?.end(ending)
    }
    return chosen.length
  }

  /** Calls `canSubscribe` again for streams, a bounded number at a time. Settles with the number of streams that ended. */
  async reauthorize(which: StreamChoice): Promise<number> {
    const left = this.#streams.chosen(which).values()
    let ended = 0
    const askEach = async (): Promise<void> => {
      for (const stream of left) {
        stream.isStale = true
        if (stream.reader !== undefined && (await this.#askAgain(stream, stream.reader))) ended++
      }
    }
    await Promise.all(Array.from({ length: mostAskedAtOnce }, askEach))
    return ended
  }

  /** Ends all streams, for good. */
  close(ending: Ending): void {
    this.#ending ??= ending
    for (const room of this.rooms.all()) for (const reader of [...room.readers, ...room.watchers]) reader.end(ending)
    this.presence.close()
    this.rooms.close()
  }

  sessionChanged(session: ServerSession, change: SessionChange): void {
    this.presence.changed(session, change)
    if (change !== 'cut' && change !== 'resumed') return
    for (const stream of this.#streams.of(session.id)) {
      const { reader, room } = stream
      if (reader !== undefined) room?.see(reader)
      if (change === 'cut') continue
      stream.isStale = true
      if (reader !== undefined) void this.#askAgain(stream, reader)
    }
  }

  #send(message: unknown, key: string, by: Part, audience?: Audience): void {
    const { rules } = this
    if (this.#ending !== undefined) throw errorOf(this.#ending)
    // Without a history, nobody can ask later for a message that has no subscriber now.
    const mustKeep = rules.history !== undefined || key === ''
    // Encoded before a room is made for it: a message that cannot be serialized leaves nothing behind.
    const item = this.#encode([(this.rooms.find(key)?.offset ?? 0) + 1, message], 'message')
    const room = mustKeep ? this.rooms.obtain(key, by) : this.rooms.find(key)
    if (room === undefined) return
    room.publish(item, audience, this.#kit.clock.now(), by)
    this.rooms.used(room)
  }

  /** Encoded once, whatever the number of recipients. */
  #encode(value: unknown, label: string): Encoded {
    const { maxFrameBytes } = this.#kit.limits
    const payload = detached(this.#codec.encode(value, label))
    if (fitsFrame(payload, maxFrameBytes)) return new Encoded(payload)
    throw tooLarge(`a message for ${this.rules.label}`, payload, maxFrameBytes)
  }

  async #serve(
    context: RunContext,
    session: ServerSession,
    key: string,
    serve: (room: Room, stream: SessionStream) => Promise<Ending | undefined>,
  ): Promise<Ending | undefined> {
    const stream = this.#streams.begin(session, key)
    const leave = (): void => this.#streams.end(session, stream)
    return whileHere(context.signal, leave, async () => {
      do {
        stream.isStale = false
        await this.#admit(context, session, key)
      } while (stream.isStale)
      return stream.ending ?? this.#ending ?? serve(this.rooms.obtain(key, this.#partOf(session)), stream)
    })
  }

  #admit({ signal }: RunContext, session: ServerSession, key: string): Promise<void> {
    return admit(this.channel, this.rules.label, session, key, signal)
  }

  /** Checks a stream against the session's current identity, and ends it when it is not allowed any more. True: it ended. */
  async #askAgain({ key }: SessionStream, reader: Reader): Promise<boolean> {
    const { clock, limits, report } = this.#kit
    const { label } = this.rules
    const admission = this.#admit(reader.context, reader.session, key)
    const isAnswered = await settlesWithin(clock, admission, limits.handshakeTimeoutMs)
    const late = new Error(`canSubscribe did not answer within ${limits.handshakeTimeoutMs} ms`)
    const ending = await endingUnlessAdmitted(isAnswered ? admission : Promise.reject(late), label, report)
    if (ending !== undefined) reader.end(ending)
    return ending !== undefined
  }

  #reader(options: Omit<ReaderOptions, 'maxQueued' | 'maxQueuedBytes'>): Reader {
    const { maxQueued, maxQueuedBytes } = this.rules
    return new Reader({ maxQueued, maxQueuedBytes, ...options })
  }

  #audienceOf(options: Pick<PublishOptions, 'to' | 'except'>): Audience | undefined {
    return audienceOf(options, this.rules.label, (id) => this.#kit.findSession(id) !== undefined)
  }

  /** The account that a room counts for when this client creates it. */
  #partOf({ account }: ServerSession): Part {
    return (account as Account).part // every session of a server has one
  }

  /** Its subscribers return to a new room of this key. */
  readonly #onRoomTaken = (room: Room): void => {
    const message = `a room of ${this.rules.label} had to make room for others`
    for (const reader of [...room.readers, ...room.watchers]) reader.end({ code: 'LINK_LOST', message })
    // Later: this calls hooks of the program, and the code that needs the place is in the middle of something.
    queueMicrotask(() => this.presence.vacate(room))
  }

  readonly #announce = (event: PresenceEventName, member: Member, room: Room): void => {
    const key = room.key === '' ? undefined : room.key
    const failed = (error: unknown): void => this.#kit.report(error, `presence of ${this.rules.label}`)
    try {
      if (room.watchers.size > 0) {
        const item = this.#encode([event, member], 'presence')
        for (const watcher of room.watchers) watcher.deliver(item)
      }
      // The hooks may be asynchronous, whatever their type says.
      const returned: unknown = event === 'join' ? this.channel.onJoin(member, key) : this.channel.onLeave(member, key)
      if (isPromiseLike(returned)) returned.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  }
}

function errorOf({ code, message }: Ending): ServerError {
  return new ServerError(message, { code: code as 'SHUTTING_DOWN' | 'UNKNOWN_CHANNEL' })
}
