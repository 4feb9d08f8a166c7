// The logs of rooms that outlive their server, and that servers of one store share. Types only: channels use them, and a feature with a
// store provides them. In each room, messages have numbers without gaps, in the order of their commits.
import type { Payload } from '../wire/bytes/payload.ts'

/** A room of a channel. The key is '' for the room without one. */
export interface LogRoom {
  readonly channel: string
  readonly key: string
}

/** A message, not published yet. */
export interface OutgoingMessage extends LogRoom {
  readonly item: Payload
  /** Only these sessions. */
  readonly to: readonly string[] | undefined
  /** Not these sessions. */
  readonly except: readonly string[] | undefined
}

export interface LoggedMessage extends OutgoingMessage {
  readonly offset: number
  /** By the store's clock. */
  readonly atMs: number
}

/** Some messages of a room, by number, and the room's state when they were read. */
export interface LogPage {
  /** Another one: the log is not the one that was read before, as after the restore of a backup. */
  readonly epoch: string
  /** The number of the last message; 0: there was none. */
  readonly head: number
  readonly nowMs: number
  readonly messages: readonly LoggedMessage[]
}

/** What a room learns of its log. */
export interface LogNews {
  /** The number of a message, or of the last one. */
  readonly offset: number
  /** Left out: it has to be read. */
  readonly message?: LoggedMessage | undefined
  /** The epoch, if the whole state was looked up: then an offset below the known one means that messages are gone. */
  readonly epoch?: string | undefined
}

export interface LogBounds {
  readonly size: number
  readonly ttlMs: number
}

/** Rejections are errors that callers can act on. */
export interface MessageLogs {
  /** Deletes messages of the channel beyond these bounds from now on, in batches. */
  keep(channel: string, bounds: LogBounds | undefined): void
  /** Settles when the message is committed, with its number. Messages of one turn share a commit. */
  append(message: OutgoingMessage): Promise<number>
  /** Messages after a number, oldest first. */
  after(room: LogRoom, offset: number, limit: number): Promise<LogPage>
  /** The newest messages, oldest first. */
  newest(room: LogRoom, limit: number): Promise<LogPage>
  /** Calls `onNews` when the room has messages, until the returned function is called. News may be late, double or lost: at most for a second. */
  watch(room: LogRoom, onNews: (news: LogNews) => void): () => void
}
