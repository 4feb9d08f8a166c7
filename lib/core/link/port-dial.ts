// One connection attempt over a message port. A port carries one connection and cannot be opened again, so reconnecting takes a function
// that returns a new port.
import { ClientError } from '../base/errors.ts'
import type { Link } from './link.ts'
import { type MessagePortLike, PortLink } from './port-link.ts'

/** A port; or a function that returns a new one for each connection attempt, whose other end it has passed to the server. */
export type PortSource = MessagePortLike | (() => MessagePortLike | PromiseLike<MessagePortLike>)

/** The link over a port. `description` is for messages and logs. */
export function linkOver(port: MessagePortLike, description: string): PortLink {
  return new PortLink(port, { transport: 'port', description, isPrivate: true })
}

export function isPort(value: unknown): value is MessagePortLike {
  const { postMessage, start } = (value ?? {}) as Partial<MessagePortLike>
  return typeof postMessage === 'function' && typeof start === 'function'
}

/**
 * `used`: the ports that were dialed before. Rejects with ClientError (`CLOSED`) for one of them, with ClientError (`INVALID_OPTION`) if
 * the function returns no port, and with what it throws. A function that never settles is bounded by its caller.
 */
export async function dialPort(source: PortSource, used: WeakSet<object>): Promise<Link> {
  const port: unknown = typeof source === 'function' ? await source() : source
  if (!isPort(port))
    throw new ClientError(
      'the function that a client was given for its ports returned something that is not a MessagePort',
      {
        code: 'INVALID_OPTION',
      },
    )
  if (used.has(port))
    throw new ClientError(
      'a message port carries one connection: this one was used already; pass a function that returns a new port, as in new Client(() => port)',
      { code: 'CLOSED', notStarted: true },
    )
  used.add(port)
  return linkOver(port, 'a message port')
}
