// One connection attempt from a browser: a ws:// or wss:// address becomes a connected Link. Leaves retries to the client.
import { ClientError, LinkError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { setTimeout } from '../base/platform-timers.ts'
import { formatAddress, isLoopback, type WebAddress } from './address.ts'
import { type BrowserSocket, BrowserSocketLink } from './browser-socket-link.ts'
import type { Link } from './link.ts'
import { webSocketProtocol } from './web-socket-messages.ts'

/** How long to wait for `close` after `error`. It usually follows in the same task; giving up too early would end all attempts. */
const closeFollowsMs = 1_000

/** Rejects with LinkError, with ClientError if the page may not open the socket, or with the signal's reason. */
export function dialFromBrowser(address: WebAddress, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const description = formatAddress(address)
    const forbidden = (cause?: unknown): void =>
      reject(
        new ClientError(
          `this page may not open ${description}: connect-src of its Content-Security-Policy must name it, and https needs wss://`,
          { cause },
        ),
      )
    let socket: WebSocket
    try {
      socket = new WebSocket(description, webSocketProtocol)
    } catch (cause) {
      return forbidden(cause)
    }
    let isOver = false
    const settle = (): void => {
      isOver = true
      unfollow()
      socket.removeEventListener('close', onClose)
    }
    const onAbort = (): void => {
      settle()
      socket.close()
      reject(signal.reason)
    }
    // A browser does not tell a page what went wrong.
    const onClose = (): void => {
      settle()
      reject(new LinkError(`cannot connect to ${description}: no answer, or not an isock server`))
    }
    // If the page's policy forbids the socket, Chromium closes it without a close event; in Firefox the constructor throws.
    const onError = (): void =>
      void setTimeout(() => {
        if (isOver) return
        settle()
        forbidden()
      }, closeFollowsMs)
    const unfollow = followSignal(signal, onAbort)
    socket.addEventListener('close', onClose)
    socket.addEventListener('error', onError)
    socket.addEventListener('open', () => {
      if (signal.aborted) return
      settle()
      const isPrivate = address.transport === 'wss' || isLoopback(address.host)
      const peer = { transport: 'websocket', description, isPrivate } as const
      resolve(new BrowserSocketLink(socket as unknown as BrowserSocket, peer))
    })
  })
}
