// The streams that sessions have of one channel, each with the reader that the channel let in; by session, for what concerns all
// of one session's. Leaves the rooms to those who publish.
import { Held, placeBytes } from '../accounting/held.ts'
import { BusyError } from '../base/errors.ts'
import type { ServerSession } from '../server/server-session.ts'
import type { Reader } from './reader.ts'
import type { Room } from './room.ts'

/** A subscription, or a look at presence. */
export interface SessionStream {
  /** The key of its room; '' stands for none. */
  readonly key: string
  /** undefined: the channel has not let it in yet. */
  reader: Reader | undefined
  /** Where that reader is. */
  room: Room | undefined
  /** Its session came back, as who it is today: the word of the channel was for who it was. */
  isStale: boolean
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

  /** Throws BusyError where the session has too many. */
  begin(session: ServerSession, key: string): SessionStream {
    const own = this.#bySession.get(session.id) ?? new Set()
    if (own.size >= this.#maxPerSession) {
      const message = `this session has ${own.size} subscriptions to ${this.#label}; end some, or raise its option maxPerSession`
      throw new BusyError(message, { notStarted: false })
    }
    const stream: SessionStream = { key, reader: undefined, room: undefined, isStale: false }
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
