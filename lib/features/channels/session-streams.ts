// The streams of one channel, each with its accepted reader, grouped by session. Leaves publishing to rooms.
import { Held, placeBytes } from '../../core/accounting/held.ts'
import { BusyError } from '../../core/base/errors.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import type { Ending } from './channel-actions.ts'
import type { Reader } from './reader.ts'
import type { Room } from './room.ts'

/** A subscription or a presence watch. */
export interface SessionStream {
  readonly session: ServerSession
  /** The key of the room; '' for the room without one. */
  readonly key: string
  /** Undefined until the channel has accepted the stream. */
  reader: Reader | undefined
  /** The room of the reader. */
  room: Room | undefined
  /** Set when the session has reconnected: the channel's decision was about the former identity. */
  isStale: boolean
  /** Set when the server's program has ended the stream, possibly before it was accepted. */
  ending: Ending | undefined
}

/** Selects the streams that match all given fields. */
export interface StreamFilter {
  /** Session ids. */
  readonly sessions?: ReadonlySet<string> | undefined
  /** The `id` of the identity. */
  readonly identity?: string | undefined
  /** '' for the room without a key. */
  readonly key?: string | undefined
}

const none: ReadonlySet<SessionStream> = new Set()

export class SessionStreams {
  readonly #maxPerSession: number
  readonly #label: string
  readonly #bySession = new Map<string, Set<SessionStream>>()

  constructor(maxPerSession: number, label: string) {
    this.#maxPerSession = maxPerSession
    this.#label = label
  }

  of(sessionId: string): ReadonlySet<SessionStream> {
    return this.#bySession.get(sessionId) ?? none
  }

  /** Returns the selected streams in a new list, in the order in which they were added. */
  matching({ sessions, identity, key }: StreamFilter): SessionStream[] {
    const ids = sessions ?? this.#bySession.keys()
    const streams = [...ids].flatMap((id) => [...this.of(id)])
    return streams.filter((stream) => {
      const isOfIdentity = identity === undefined || stream.session.identity?.id === identity
      return isOfIdentity && (key === undefined || stream.key === key)
    })
  }

  /** Adds a stream. @throws BusyError if the session has too many. */
  add(session: ServerSession, key: string): SessionStream {
    const own = this.#bySession.get(session.id) ?? new Set()
    if (own.size >= this.#maxPerSession) {
      const message = `this session already has ${own.size} subscriptions to ${this.#label}; end some, or raise the channel's option maxPerSession`
      throw new BusyError(message, { notStarted: false })
    }
    const stream: SessionStream = {
      session,
      key,
      reader: undefined,
      room: undefined,
      isStale: false,
      ending: undefined,
    }
    this.#bySession.set(session.id, own.add(stream))
    session.held(Held.Places).change(placeBytes.stream)
    return stream
  }

  remove(session: ServerSession, stream: SessionStream): void {
    const own = this.#bySession.get(session.id)
    if (own?.delete(stream)) session.held(Held.Places).change(-placeBytes.stream)
    if (own?.size === 0) this.#bySession.delete(session.id)
  }
}
