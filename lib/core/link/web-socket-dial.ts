// One WebSocket connection attempt on Node: a ws:// or wss:// address becomes a connected Link. Leaves retries to the client.

import type { IncomingMessage } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { WebSocket } from '#ws'
import { LinkError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { formatAddress, isLoopback, type WebAddress } from './address.ts'
import { hintOfTls, reasonOf } from './dial-errors.ts'
import type { DialTls } from './dial-tls.ts'
import type { Link } from './link.ts'
import { answerPings, WebSocketLink, webSocketBounds } from './web-socket-link.ts'
import { webSocketProtocol } from './web-socket-messages.ts'

/** Rejects with LinkError, or with the signal's reason, after releasing the socket of the failed attempt. */
export function dialWebSocket(address: WebAddress, signal: AbortSignal, tls?: DialTls): Promise<Link> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const url = formatAddress(address)
    const socket = new WebSocket(url, webSocketProtocol, {
      ...webSocketBounds,
      ...(tls as ConnectionOptions | undefined),
      followRedirects: false,
    })
    let response: IncomingMessage | undefined
    const settle = (): void => {
      unfollow()
      socket.removeAllListeners()
    }
    const fail = (reason: unknown): void => {
      settle()
      socket.on('error', () => undefined)
      socket.terminate()
      reject(reason)
    }
    const onAbort = (): void => fail(signal.reason)
    const unfollow = followSignal(signal, onAbort)
    socket.once('upgrade', (message) => {
      response = message
    })
    socket.once('unexpected-response', (_request, { statusCode }) => {
      const hint = statusCode === 400 ? wrongPortHint : statusCode === 403 ? forHost : ''
      fail(new LinkError(`cannot connect to ${url}: it answered with status ${statusCode}${hint}`))
    })
    socket.once('error', (cause) => {
      fail(new LinkError(`cannot connect to ${url}: ${reasonOf(cause)}${hintOf(address, cause)}`, { cause }))
    })
    socket.once('open', () => {
      settle()
      answerPings(socket)
      const stream = (response as IncomingMessage).socket
      const ip = stream.remoteAddress ?? address.host
      const isPrivate = address.transport === 'wss' || isLoopback(ip)
      resolve(new WebSocketLink(socket, stream, { transport: 'websocket', description: url, address: ip, isPrivate }))
    })
  })
}

/** For status 400, which a port of isock's own protocol also answers to HTTP. */
const wrongPortHint = '; is it a port of listenWeb? Others are tcp://host:port'
const forHost = "; the server's option hosts must name this host"

/** A hint for a port that closes, or answers anything but HTTP. */
function hintOf({ transport }: WebAddress, error: NodeJS.ErrnoException): string {
  const isNoHttp = error.code === 'ECONNRESET' || error.code?.startsWith('HPE_') === true
  return hintOfTls(transport === 'wss', error) || (isNoHttp ? wrongPortHint : '')
}
