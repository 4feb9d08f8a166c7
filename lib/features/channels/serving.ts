// How a channel serves a stream once it is admitted. Types only: the channel's host does it.
import type { Ending } from './channel-actions.ts'
import type { Room } from './room.ts'
import type { RoomMember } from './room-mirror.ts'
import type { SessionStream } from './session-streams.ts'

/** Serves a stream until it ends; `member`: of the mirrored room of a durable channel. */
export type Serve = (room: Room, stream: SessionStream, member: RoomMember | undefined) => Promise<Ending | undefined>

export interface Serving {
  readonly key: string
  readonly serve: Serve
  /** What is awaited before. */
  readonly prepare?: (() => Promise<RoomMember>) | undefined
}
