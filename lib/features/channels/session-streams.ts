// The streams of one channel, each with its accepted reader, grouped by session. Leaves publishing to rooms.
import { Held, placeBytes } from '../../core/accounting/held.ts'
import { BusyError } from '../../core/base/errors.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import type { Ending } from './channel-actions.ts'
import type { Reader } from './reader.ts'
import type { Room } from './room.ts'

/** A subscription, or a presence watch. */
export interface SessionStream {
  readonly session: ServerSession
  /** The key of its room; '' stands for none. */
  readonly key: string
  /** undefined: the channel has not accepted it yet. */
  reader: Reader | undefined
  /** The room of that reader. */
  room: Room | undefined
  /** Its session reconnected, so the channel's answer was about the former identity. */
  isStale: boolean
  /** The server's program has ended it, perhaps before it began. */
  ending: Ending | undefined
}

/** Which streams are meant: those that match all the given fields. */
export interface StreamChoice {
  /** Ids of sessions. */
  readonly sessions?: ReadonlySet<string> | undefined
  /** The `id` of the identity. */
  readonly identity?: string | undefined
  /** '' stands for none. */
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

  /** A new list, in the order in which they began. */
  chosen({ sessions, identity, key }: StreamChoice): SessionStream[] {
    const ids = sessions ?? this.#bySession.keys()
    const streams = [...ids].flatMap((id) => [...this.of(id)])
    return streams.filter((stream) => {
      const isTheirs = identity === undefined || stream.session.identity?.id === identity
      return isTheirs && (key === undefined || stream.key === key)
    })
  }

  /** Throws BusyError where the session has too many. */
  begin(session: ServerSession, key: string): SessionStream {
    const own = this.#bySession.get(session.id) ?? new Set()
    if (own.size >= this.#maxPerSession) {
      const message = `this session has ${own.size} subscriptions to ${this.#label}; end some, or raise its option maxPerSession`
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

  end(session: ServerSession, stream: SessionStream): void {
    const own = this.#bySession.get(session.id)
    if (own?.delete(stream)) session.held(Held.Places).change(-placeBytes.stream)
    if (own?.size === 0) this.#bySession.delete(session.id)
  }
}
