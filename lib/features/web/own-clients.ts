// Takes the WebSockets of isock's own clients: links like any others, whose credentials are in their first frame.
import type { Link } from '../../core/link/link.ts'
import { WebSocketLink } from '../../core/link/web-socket-link.ts'
import { maxMessageBytes, webSocketProtocol } from '../../core/link/web-socket-messages.ts'
import type { MountedGateway, WebVisit } from './gateway.ts'

/** By the subprotocol where the client names it, and at the path in any case. */
export function ownClients(path: string, takeLink: (link: Link) => void): MountedGateway {
  return {
    onUpgrade({ request, url, peer }: WebVisit, protocols) {
      const isNamed = protocols.includes(webSocketProtocol)
      if (url.pathname !== path || (protocols.length > 0 && !isNamed)) return undefined
      return {
        ...(isNamed ? { protocol: webSocketProtocol } : {}),
        maxMessageBytes,
        onSocket: (socket) => takeLink(new WebSocketLink(socket, request.socket, peer)),
      }
    },
    // The links are the sessions', which drain.
    close: async () => undefined,
  }
}
