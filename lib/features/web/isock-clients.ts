// Accepts the WebSockets of isock's own clients as links, whose first frame has the credentials.
import type { Link } from '../../core/link/link.ts'
import { WebSocketLink } from '../../core/link/web-socket-link.ts'
import { maxMessageBytes, webSocketProtocol } from '../../core/link/web-socket-messages.ts'
import type { MountedGateway, WebVisit } from './gateway.ts'

/** Accepts clients at this path, with the subprotocol if the client names one. */
export function isockClients(path: string, takeLink: (link: Link) => void): MountedGateway {
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
    // The links belong to the sessions, which are drained.
    close: async () => undefined,
  }
}
