// Routes each frame to a half of the session.
//
//           ┌─ CALL, CANCEL, INPUT, CREDIT, ACK ──> Ledger         (the peer's calls)
//   frame ──┤
//           └─ RESULT, FAILURE, ITEM, ... ────────> OutgoingCalls  (this side's calls)
import { ProtocolError } from '../base/errors.ts'
import { type Frame, Kind } from '../wire/frames/frame.ts'
import type { Ledger } from './ledger.ts'
import type { IncomingNames } from './name-refs.ts'
import type { OutgoingCalls } from './outgoing-calls.ts'
import type { SessionOwner } from './session-owner.ts'

export interface RoutedSession {
  readonly asked: Ledger | undefined
  /** Undefined if this side has made no calls: answers are then ignored, as late ones are. */
  readonly asks: OutgoingCalls | undefined
  readonly names: IncomingNames
  readonly owner: SessionOwner
}

/** Delivers a frame of the session's link. Throws ProtocolError for a kind that is not allowed. */
export function routeFrame(frame: Frame, session: RoutedSession): void {
  const ledger = session.asked as Ledger
  switch (frame.kind) {
    case Kind.Call:
      return ledger.onCall(frame, session.names.find(frame.ref))
    case Kind.Result:
      return session.asks?.onResult(frame)
    case Kind.Failure:
      return session.asks?.onFailure(frame)
    case Kind.Item:
      return session.asks?.onItem(frame)
    case Kind.Credit:
      return ledger.onCredit(frame)
    case Kind.Input:
      return ledger.onInput(frame)
    case Kind.InputEnd:
      return ledger.onInputEnd(frame)
    case Kind.InputCredit:
      return session.asks?.onInputCredit(frame)
    case Kind.Cancel:
      return ledger.onCancel(frame)
    case Kind.Ack:
      return ledger.onAck(frame)
    case Kind.Name:
      return session.names.onName(frame)
    case Kind.Drain:
      return session.owner.onPeerDrains?.()
    case Kind.Bye:
      return session.owner.onPeerLeft?.(frame.isClean, frame.error)
    default:
      throw new ProtocolError(`a frame of kind ${frame.kind} within a session`)
  }
}
