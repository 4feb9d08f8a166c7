// The rules of both kinds of WebSocket link: the largest message, and the close codes.
import { AuthError, LinkError } from '../base/errors.ts'

/**
 * Both sides close a socket with a larger message. Small, because a message is buffered until it is complete, even from an
 * unknown peer; larger frames are sent as several messages.
 */
export const maxMessageBytes = 64 * 1024

/** The subprotocol of isock's own clients. */
export const webSocketProtocol = 'isock'

/** Close codes of RFC 6455, and isock's own. */
export const closeCodes = {
  done: 1000,
  goingAway: 1001,
  unsupported: 1003,
  /** No code was given. */
  none: 1005,
  /** The connection ended without a code. */
  abnormal: 1006,
  /** The server rejects WebSockets from this origin or for this host. Pages can read a close reason, but not an HTTP status. */
  refused: 4403,
} as const

/** The error for a close code; undefined for a graceful close. */
export function endOfCode(code: number, reason: string): Error | undefined {
  if (code === closeCodes.done || code === closeCodes.goingAway || code === closeCodes.none) return undefined
  if (code === closeCodes.refused) return new AuthError(`the server refused the WebSocket: ${reason}`)
  return new LinkError(`the WebSocket was closed with code ${code}`)
}

/** Splits a chunk into pieces that fit into a message, without copying. */
export function* pieces(chunk: Uint8Array): Generator<Uint8Array> {
  if (chunk.length <= maxMessageBytes) yield chunk
  else for (let at = 0; at < chunk.length; at += maxMessageBytes) yield chunk.subarray(at, at + maxMessageBytes)
}
