// Every kind of Link as a connected pair, for suites that run over all of them.
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type Address,
  formatAddress,
  parseAddress,
  type SocketAddress,
  type WebAddress,
} from '../../lib/core/link/address.ts'
import { type BrowserSocket, BrowserSocketLink } from '../../lib/core/link/browser-socket-link.ts'
import { dialSocket } from '../../lib/core/link/dial.ts'
import type { DialTls } from '../../lib/core/link/dial-tls.ts'
import type { Link, Peer } from '../../lib/core/link/link.ts'
import { type Listener, type ListenTls, listen } from '../../lib/core/link/listener.ts'
import { createMemoryLinks } from '../../lib/core/link/memory-link.ts'
import { linkOver } from '../../lib/core/link/port-dial.ts'
import type { MessagePortLike } from '../../lib/core/link/port-link.ts'
import { dialWebSocket } from '../../lib/core/link/web-socket-dial.ts'
import { WebSocketLink, webSocketBounds } from '../../lib/core/link/web-socket-link.ts'
import { makeCertificates } from '../setup/certificates.ts'

/** Two ends that talk to each other, and what releases everything behind them. */
export interface LinkPair {
  readonly near: Link
  readonly far: Link
  release(): Promise<void>
}

export interface LinkKind {
  readonly name: string
  /** Why it cannot be tried here, if so. */
  readonly missing?: string
  connect(): Promise<LinkPair>
}

const certificates = makeCertificates()

export const linkKinds: readonly LinkKind[] = [
  {
    name: 'memory',
    connect: async () => {
      const [near, far] = createMemoryLinks()
      return { near, far, release: async () => undefined }
    },
  },
  { name: 'port, of worker threads', connect: async () => portPair((port) => port) },
  { name: "port, as Electron's main process has it", connect: async () => portPair(mainPort) },
  { name: 'tcp', connect: () => connectSockets(parseAddress('tcp://127.0.0.1:0')) },
  {
    name: 'tls',
    ...(certificates === undefined ? { missing: 'there is no openssl command; install the package openssl' } : {}),
    connect: () =>
      connectSockets(parseAddress('tls://127.0.0.1:0'), certificates?.server, {
        ca: certificates?.ca,
        servername: 'localhost',
      }),
  },
  {
    name: 'unix',
    connect: async () => {
      const directory = mkdtempSync(join(tmpdir(), 'isock-link-'))
      chmodSync(directory, 0o700)
      const pair = await connectSockets(parseAddress(`unix:${join(directory, 'link.sock')}`))
      const release = async (): Promise<void> => {
        await pair.release()
        rmSync(directory, { recursive: true })
      }
      return { ...pair, release }
    },
  },
  { name: 'websocket', connect: () => connectWebSockets(dialWebSocket) },
  {
    name: "websocket, as a browser's",
    connect: () =>
      connectWebSockets(async (address) => {
        const socket = new WebSocket(formatAddress(address), 'isock')
        await once(socket, 'open')
        const peer: Peer = { transport: 'websocket', description: 'a page', isPrivate: true }
        return new BrowserSocketLink(socket as unknown as BrowserSocket, peer)
      }),
  },
]

function portPair(as: (port: MessagePort) => MessagePortLike): LinkPair {
  const { port1, port2 } = new MessageChannel()
  const release = async (): Promise<void> => {
    port1.close()
    port2.close()
  }
  return { near: linkOver(as(port1), 'near'), far: linkOver(as(port2), 'far'), release }
}

/** What differs in Electron's MessagePortMain: an emitter of events with `data`, which transfers only ports. */
function mainPort(port: MessagePort): MessagePortLike {
  const main = {
    postMessage: (message: unknown, transfer?: readonly unknown[]) => {
      if (transfer !== undefined) throw new TypeError('Port at index 0 is not a valid port')
      port.postMessage(message)
    },
    start: () => port.start(),
    close: () => port.close(),
    on: (type: string, listener: (event: never) => void) => port.addEventListener(type, listener as () => void),
    off: (type: string, listener: (event: never) => void) => port.removeEventListener(type, listener as () => void),
  }
  return main
}

async function connectSockets(address: Address, tls?: ListenTls, dialTls?: DialTls): Promise<LinkPair> {
  let accept: (link: Link) => void = () => undefined
  const accepted = new Promise<Link>((resolve) => {
    accept = resolve
  })
  const listener: Listener = await listen(address, {
    tls,
    handshakeTimeoutMs: 5_000,
    maxHandshakes: 10,
    onLink: accept,
  })
  const bound = listener.address as SocketAddress
  const near = await dialSocket(bound, new AbortController().signal, dialTls)
  return { near, far: await accepted, release: () => listener.close() }
}

async function connectWebSockets(dial: (address: WebAddress, signal: AbortSignal) => Promise<Link>): Promise<LinkPair> {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http, ...webSocketBounds, clientTracking: false })
  const accepted = new Promise<Link>((resolve) => {
    sockets.once('connection', (socket, request) => {
      const peer: Peer = { transport: 'websocket', description: 'a client', isPrivate: true }
      resolve(new WebSocketLink(socket, request.socket, peer))
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const near = await dial({ transport: 'ws', host: '127.0.0.1', port, path: '/isock' }, new AbortController().signal)
  const release = async (): Promise<void> => {
    http.close()
    http.closeAllConnections()
  }
  return { near, far: await accepted, release }
}
