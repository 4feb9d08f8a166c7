// What both kinds of WebSocket link agree on: the largest message, and the codes with which they end.
import { AuthError, LinkError } from '../base/errors.ts'

/**
 * Both sides close a socket whose message is larger. Small, because a message is held until it is whole, also one of an
 * unknown peer; larger frames go as several messages.
 */
export const maxMessageBytes = 64 * 1024

/** The subprotocol of isock's own clients. */
export const webSocketProtocol = 'isock'

/** Codes of RFC 6455, and isock's own. */
export const closeCodes = {
  done: 1000,
  goingAway: 1001,
  unsupported: 1003,
  /** No code was given. */
  none: 1005,
  /** The connection ended without a code. */
  abnormal: 1006,
  /** The server takes no WebSockets of this origin, or for this host. Pages learn nothing of a status, but the reason of a close. */
  refused: 4403,
} as const

/** How a socket ended that was closed with this code; undefined: in order. */
export function endOfCode(code: number, reason: string): Error | undefined {
  if (code === closeCodes.done || code === closeCodes.goingAway || code === closeCodes.none) return undefined
  if (code === closeCodes.refused) return new AuthError(`the server refuses it: ${reason}`)
  return new LinkError(`the WebSocket was closed with code ${code}`)
}

/** The chunk in pieces that fit a message; it is not copied. */
export function* pieces(chunk: Uint8Array): Generator<Uint8Array> {
  if (chunk.length <= maxMessageBytes) yield chunk
  else for (let at = 0; at < chunk.length; at += maxMessageBytes) yield chunk.subarray(at, at + maxMessageBytes)
}
