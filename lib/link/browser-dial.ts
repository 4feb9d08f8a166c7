// From a ws:// or wss:// address to a connected Link, in a browser. One attempt; trying again is the client's.
import { LinkError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { formatAddress, isLoopback, type WebAddress } from './address.ts'
import { type BrowserSocket, BrowserSocketLink } from './browser-socket-link.ts'
import type { Link } from './link.ts'
import { webSocketProtocol } from './web-socket-messages.ts'

/** Rejects with LinkError, or with the signal's reason. */
export function dialFromBrowser(address: WebAddress, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const description = formatAddress(address)
    // A page over https may not speak ws: the constructor throws.
    const socket = new WebSocket(description, webSocketProtocol)
    const settle = (): void => {
      unfollow()
      socket.removeEventListener('close', onClose)
    }
    const onAbort = (): void => {
      settle()
      socket.close()
      reject(signal.reason)
    }
    // What went wrong a browser does not tell a page.
    const onClose = (): void => {
      settle()
      reject(new LinkError(`cannot connect to ${description}: no answer, or this page's origin is not let in`))
    }
    const unfollow = followSignal(signal, onAbort)
    socket.addEventListener('close', onClose)
    socket.addEventListener('open', () => {
      if (signal.aborted) return
      settle()
      const isPrivate = address.transport === 'wss' || isLoopback(address.host)
      const peer = { transport: 'websocket', description, isPrivate } as const
      resolve(new BrowserSocketLink(socket as unknown as BrowserSocket, peer))
    })
  })
}
