// From a request to who makes it and what for.
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { isLoopback } from '../../core/link/address.ts'
import { certificateOf } from '../../core/link/peer-certificate.ts'
import { askerOf } from './forwarded.ts'
import type { WebVisit } from './gateway.ts'
import type { Refusal } from './refusal.ts'

/** Headers that say who asks, from where and for whom. */
const singular = ['host', 'origin', 'authorization']

/** The request with who makes it; a refusal where its target is no URL, or its host is not one. */
export function visitOf(
  request: IncomingMessage,
  transport: 'http' | 'websocket',
  isProxy: (address: string) => boolean = () => false,
): WebVisit | Refusal {
  const target = request.url ?? ''
  const base = 'http://isock'
  if (!target.startsWith('/') || !URL.canParse(base + target)) return { status: 400, reason: 'this is no path' }
  // Node reads the first one, or puts them together; a proxy on the way may have judged another.
  const several = singular.find((name) => countOf(name, request.rawHeaders) > 1)
  if (several !== undefined) return { status: 400, reason: `this request has several headers ${several}` }
  const { socket } = request
  const nearest = socket.remoteAddress ?? ''
  const { address, isSecure } = askerOf(nearest, request.headers, isProxy)
  const host = address.includes(':') ? `[${address}]` : address
  // The port is that of the connection: of a client behind a proxy, nobody knows it.
  const description =
    address === nearest ? `${host}:${socket.remotePort}` : `${host} by ${nearest}:${socket.remotePort}`
  const isPrivate = isSecure ?? (socket instanceof TLSSocket || isLoopback(address))
  const certificate = socket instanceof TLSSocket ? certificateOf(socket) : undefined
  const peer = { transport, description, address, isPrivate, ...(certificate === undefined ? {} : { certificate }) }
  const url = new URL(base + target)
  // Proxies and people add one.
  if (url.pathname.length > 1 && url.pathname.endsWith('/')) url.pathname = url.pathname.slice(0, -1)
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
