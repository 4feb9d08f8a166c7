// The Igor gateway: clients that speak Igor's JSON over a WebSocket run actions, many streams on one socket, and receive the
// events of processes. The idea and the protocol are Igor's; see docs/igor.md.
import type { WebSocket } from 'ws'
import { deferred } from '../../core/base/deferred.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import type { Peer } from '../../core/link/link.ts'
import {
  type MountedGateway,
  type SocketRoute,
  type WebGateway,
  type WebHost,
  WebRefusal,
  type WebVisit,
} from '../../features/web/gateway.ts'
import { type Refusal, refuseRequest } from '../../features/web/refusal.ts'
import { credentialsInHeaders } from '../credentials.ts'
import { metadataInHeaders } from '../metadata.ts'
import { ClientTable } from './client-table.ts'
import { Connection } from './connection.ts'
import type { Presented } from './credentials.ts'
import { FileServer } from './file-server.ts'
import { IgorClient } from './igor-client.ts'
import { type IgorOptions, type ResolvedIgorOptions, resolveIgorOptions } from './igor-options.ts'
import { Introductions } from './introduce-self.ts'
import { PendingConnections } from './pending-connections.ts'

export type { FileOptions } from './file-options.ts'
export type { IgorOptions } from './igor-options.ts'

const noPlace = (maxClients: number): string => `${maxClients} clients are connected or may come back; try again later`

/** The subprotocol that a client may name. */
const protocol = 'igor'

/**
 * The gateway for Igor's clients, for `listenWeb`: `{ streamId, action, data }` in; `{ streamId, data }`,
 * `{ streamId, error }` and `{ streamId, close: true }` out; events of processes as `{ streamId: <process>, action, data }`.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the invalid option.
 * @example
 * await listenWeb(server, { port: 5678, gateways: [igor({ path: '/', files: { root: './files', write: true } })] })
 */
export function igor(options: IgorOptions = {}): WebGateway {
  const resolved = resolveIgorOptions(options)
  return { name: 'igor', mount: (host) => new MountedIgor(host, resolved) }
}

class MountedIgor implements MountedGateway {
  readonly #host: WebHost
  readonly #options: ResolvedIgorOptions
  readonly #clients: ClientTable
  readonly #introductions: Introductions
  readonly #pending: PendingConnections
  readonly #files: FileServer | undefined
  #isClosing = false
  readonly #streamsOver = deferred<void>()

  constructor(host: WebHost, options: ResolvedIgorOptions) {
    this.#host = host
    this.#options = options
    const { sessionMs, maxClients, maxAwayClients, onLastClientGone, uuidsProve, compatible } = options
    const { files, credentials } = options
    const { clock, log, limits } = host
    const places = host.accounting.places('igorClients', maxClients)
    this.#clients = new ClientTable({ clock, log, sessionMs, places, maxAwayClients, onLastClientGone })
    const introduction = { uuidsProve, compatible, clock, limitMs: limits.handshakeTimeoutMs }
    this.#introductions = new Introductions(this.#clients, introduction)
    this.#pending = new PendingConnections({ clock, limitMs: limits.handshakeTimeoutMs, reason: noPlace(maxClients) })
    if (files !== undefined) this.#files = new FileServer({ host, options: files, credentials, compatible })
  }

  takes(url: URL): boolean {
    return this.#files?.takes(url) ?? false
  }

  mayBeEmbedded(url: URL): boolean {
    return this.takes(url)
  }

  onRequest(visit: WebVisit, response: Parameters<FileServer['onRequest']>[1]): boolean {
    if (this.#files === undefined || !this.takes(visit.url)) return false
    const refusal = this.#refusalOf(visit)
    if (refusal !== undefined) refuseRequest(response, refusal)
    return refusal !== undefined || this.#files.onRequest(visit, response)
  }

  onUpgrade(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined {
    const isNamed = protocols.includes(protocol)
    const isHere = protocols.length === 0 && visit.url.pathname === this.#options.path
    return isNamed || isHere ? this.#routeOf(visit, isNamed) : undefined
  }

  /** Igor ignores the path: its page clients connect to '/<client id>', others to '/'. */
  onUnclaimedUpgrade(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined {
    return this.#options.compatible && protocols.length === 0 ? this.#routeOf(visit, false) : undefined
  }

  #routeOf(visit: WebVisit, isNamed: boolean): SocketRoute {
    const refusal = this.#refusalOf(visit)
    if (refusal !== undefined) throw new WebRefusal(refusal.status, refusal.message)
    const { maxClients, maxMessageBytes } = this.#options
    if (this.#isClosing) throw new WebRefusal(503, 'the server is shutting down')
    // Without a free place, a known client may still connect: its first message proves it.
    if (!this.#hasPlaceFor(visit.peer) && !this.#clients.hasIntroduced) throw new WebRefusal(503, noPlace(maxClients))
    const { headers } = visit.request
    const presented: Presented = {
      credentials: [...credentialsInHeaders(headers), ...(this.#options.credentials?.(visit.request) ?? [])],
      ...metadataInHeaders(headers),
    }
    return {
      ...(isNamed ? { protocol } : {}),
      maxMessageBytes,
      onSocket: (socket) => {
        if (this.#isClosing) socket.terminate()
        else if (this.#hasPlaceFor(visit.peer)) this.#connect(socket, visit.peer, presented)
        else this.#wait(socket, visit.peer, presented)
      },
    }
  }

  /** Clients that prove nothing must be on this machine, or at an address that the program has named. */
  #refusalOf({ request, peer }: WebVisit): Refusal | undefined {
    const { headers } = request
    const { isServed, compatible } = this.#options
    // A request forwarded by an untrusted proxy does not come from the proxy's own address.
    const passedOn = (headers['x-forwarded-for'] as string | undefined)?.split(',').map((text) => text.trim()) ?? []
    if (compatible && headers.forwarded !== undefined)
      return {
        status: 403,
        message: 'the header Forwarded is not supported; let the proxy send X-Forwarded-For instead',
      }
    if ([peer.address ?? '', ...passedOn].every(isServed)) return undefined
    const message =
      "clients from this address are not admitted; the gateway's option compatibleFrom lists those that are"
    return { status: 403, message }
  }

  #connect(socket: WebSocket, peer: Peer, presented: Presented, mayStay?: (client: IgorClient) => boolean): Connection {
    const [host, options, clients, introductions] = [this.#host, this.#options, this.#clients, this.#introductions]
    const client = new IgorClient({
      host,
      options,
      peer,
      ...presented,
      onDropped: (dropped) => clients.forget(dropped),
      onStreamOver: () => this.#onStreamOver(client),
    })
    clients.add(client, mayStay !== undefined)
    const { clock, limits } = host
    const isClosing = (): boolean => this.#isClosing
    return new Connection({ socket, client, clients, introductions, clock, limits, mayStay, isClosing })
  }

  /** Without a free place, the first message must prove that this client has one. */
  #wait(socket: WebSocket, peer: Peer, presented: Presented): void {
    const pending = this.#pending
    const isBack = ({ introduced }: IgorClient): boolean => {
      if (introduced === undefined) pending.reject(socket)
      else pending.release(socket)
      return introduced !== undefined
    }
    pending.add({
      socket,
      address: peer.address,
      mayConnect: (first) =>
        !this.#isClosing &&
        (this.#hasPlaceFor(peer) || this.#introductions.provesKnownClient(first, presented.credentials)),
      connect: (first) => {
        const isFree = this.#hasPlaceFor(peer)
        if (isFree) pending.release(socket)
        this.#connect(socket, peer, presented, isFree ? undefined : isBack).receive(first)
      },
    })
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all([this.#streamsEnd(graceMs), this.#files?.close(graceMs)])
    await this.#clients.close()
    this.#host.accounting.forget(this.#clients.places)
  }

  /** Whether an unknown client from this address gets a place, if necessary that of an address with more. */
  #hasPlaceFor({ address }: Peer): boolean {
    const owner = { address, identity: undefined }
    const newcomer = this.#host.accounting.open({ owner, bytes: 0, shed: () => undefined })
    const isFree = this.#clients.places.hasPlaceFor(newcomer)
    newcomer.close()
    return isFree
  }

  #onStreamOver(client: IgorClient): void {
    this.#clients.forgetIfDone(client)
    if (this.#isClosing && this.#clients.openStreams === 0) this.#streamsOver.resolve()
  }

  /** Waits for the open streams, at most for this long. */
  async #streamsEnd(graceMs: number): Promise<void> {
    if (this.#clients.openStreams === 0) return
    await settlesWithin(this.#host.clock, this.#streamsOver.promise, graceMs)
  }
}
