// The built-in actions of channels. Shared by client and server.
//
//   subscribe   items: Head, then messages [offset, message] and Lost notices      result: Ending
//   presence    items: the members, then [event, member]                            result: Ending
//   members     result: the members
//   publish     result: none
import { Action } from '../../core/action/action.ts'
import { type CallSubject, callSubject, fieldOf } from '../../core/action/call-subject.ts'
import type { Member, Position } from './channel.ts'

/** Where a stream starts: after this position, or with the oldest message of the history. */
export type Since = Position | 'oldest'

export interface RoomRequest {
  readonly channel: string
  readonly key?: string | undefined
}

export interface SubscribeRequest extends RoomRequest {
  readonly since?: Since | undefined
}

export interface PublishRequest extends RoomRequest {
  readonly message: unknown
}

/** The first item of a subscription: the position after which its messages start. */
export interface Head {
  readonly epoch: string
  readonly offset: number
  /** True if nothing is missing between the requested position and this one. */
  readonly recovered: boolean
  readonly session: string
}

/** The number of messages lost so far because the subscriber did not keep up. */
export interface Lost {
  readonly lost: number
}

/** Why the server ended a stream. */
export interface Ending {
  readonly code: string
  readonly message: string
}

export type PresenceEventName = 'join' | 'leave'

export class Subscribe extends Action<
  SubscribeRequest,
  Ending | undefined,
  Head | Lost | readonly [offset: number, message: unknown]
> {
  static override actionName = 'isock.channels.subscribe'
  static override idempotent = true
  static override timeoutMs = Number.POSITIVE_INFINITY

  static [callSubject](request: unknown): CallSubject {
    return { kind: 'subscribe', name: String(fieldOf(request, 'channel')), data: fieldOf(request, 'key') }
  }
}

export class WatchPresence extends Action<
  RoomRequest,
  Ending | undefined,
  { readonly members: readonly Member[] } | readonly [PresenceEventName, Member]
> {
  static override actionName = 'isock.channels.presence'
  static override idempotent = true
  static override timeoutMs = Number.POSITIVE_INFINITY
}

export class ListMembers extends Action<RoomRequest, readonly Member[]> {
  static override actionName = 'isock.channels.members'
  static override idempotent = true
}

export class Publish extends Action<PublishRequest, undefined> {
  static override actionName = 'isock.channels.publish'

  static [callSubject](request: unknown): CallSubject {
    return { kind: 'publish', name: String(fieldOf(request, 'channel')), data: fieldOf(request, 'message') }
  }
}
