// From a request to who makes it and what for.
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { isLoopback } from '../link/address.ts'
import { certificateOf } from '../link/peer-certificate.ts'
import type { WebVisit } from './gateway.ts'
import type { Refusal } from './web-port.ts'

/** The request with who makes it; a refusal where its target is no URL, or its host is not one. */
export function visitOf(request: IncomingMessage, transport: 'http' | 'websocket'): WebVisit | Refusal {
  const target = request.url ?? ''
  const base = 'http://isock'
  if (!target.startsWith('/') || !URL.canParse(base + target)) return { status: 400, reason: 'this is no path' }
  // Node reads the first one; a proxy on the way may have judged another.
  const isHost = (name: string, i: number): boolean => i % 2 === 0 && name.length === 4 && name.toLowerCase() === 'host'
  if (request.rawHeaders.filter(isHost).length > 1) return { status: 400, reason: 'this request names several hosts' }
  const { socket } = request
  const address = socket.remoteAddress ?? ''
  const description = `${address.includes(':') ? `[${address}]` : address}:${socket.remotePort}`
  const isPrivate = socket instanceof TLSSocket || isLoopback(address)
  const certificate = socket instanceof TLSSocket ? certificateOf(socket) : undefined
  const peer = { transport, description, address, isPrivate, ...(certificate === undefined ? {} : { certificate }) }
  return { request, url: new URL(base + target), peer }
}
