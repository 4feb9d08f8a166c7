// Creates the visit of a request: its client and its URL.
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { isLoopback } from '../../core/link/address.ts'
import { certificateOf } from '../../core/link/peer-certificate.ts'
import { clientOf } from './forwarded.ts'
import type { WebVisit } from './gateway.ts'
import type { Refusal } from './refusal.ts'

/** Headers for access control, which must not be repeated. */
const singular = ['host', 'origin', 'authorization']

/** Returns the request with its client, or a refusal if it is malformed. */
export function visitOf(
  request: IncomingMessage,
  transport: 'http' | 'websocket',
  isProxy: (address: string) => boolean = () => false,
): WebVisit | Refusal {
  const target = request.url ?? ''
  const base = 'http://isock'
  if (!target.startsWith('/') || !URL.canParse(base + target))
    return { status: 400, message: 'expected a path that begins with /' }
  // Node uses the first one, or joins them, while a proxy may have checked another one.
  const several = singular.find((name) => countOf(name, request.rawHeaders) > 1)
  if (several !== undefined) return { status: 400, message: `this request has several headers ${several}` }
  const { socket } = request
  const nearest = socket.remoteAddress ?? ''
  const { address, isSecure } = clientOf(nearest, request.headers, isProxy)
  const host = address.includes(':') ? `[${address}]` : address
  // The port is that of the connection, because a proxy does not report the client's.
  const description =
    address === nearest ? `${host}:${socket.remotePort}` : `${host} by ${nearest}:${socket.remotePort}`
  const isPrivate = isSecure ?? (socket instanceof TLSSocket || isLoopback(address))
  const certificate = socket instanceof TLSSocket ? certificateOf(socket) : undefined
  const peer = { transport, description, address, isPrivate, ...(certificate === undefined ? {} : { certificate }) }
  const url = new URL(base + target)
  // Proxies and people add a trailing slash. The root path keeps its slash.
  if (url.pathname.endsWith('/')) url.pathname = url.pathname.slice(0, -1)
  return { request, url, peer }
}

function countOf(header: string, rawHeaders: readonly string[]): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === header.length && name.toLowerCase() === header) count++
  }
  return count
}
