// The Igor gateway: unmodified clients of Igor's JSON over a WebSocket run actions, many streams on one socket, and get
// the events of processes. The idea and the protocol are Igor's; docs/igor.md has both.
import type { WebSocket } from 'ws'
import type { Credential } from '../../core/action/guard.ts'
import type { Timer } from '../../core/base/clock.ts'
import type { Peer } from '../../core/link/link.ts'
import {
  type MountedGateway,
  type SocketRoute,
  type WebGateway,
  type WebHost,
  WebRefusal,
  type WebVisit,
} from '../../features/web/gateway.ts'
import { refuseRequest } from '../../features/web/refusal.ts'
import { credentialsInHeaders } from '../credentials.ts'
import { Connection } from './connection.ts'
import { Doorway } from './doorway.ts'
import { FileServer } from './file-server.ts'
import { IgorClient } from './igor-client.ts'
import { type IgorOptions, type ResolvedIgorOptions, resolveIgorOptions } from './igor-options.ts'
import { Introductions } from './introduction.ts'
import { Roster } from './roster.ts'

export type { FileOptions } from './file-options.ts'
export type { IgorOptions } from './igor-options.ts'

const noPlace = (maxClients: number): string =>
  `${maxClients} clients are connected, or have their place kept; try again later`

/** The subprotocol that a client may name. */
const protocol = 'igor'

/**
 * The gateway for Igor's clients, for `listenWeb`: `{ streamId, action, data }` in; `{ streamId, data }`,
 * `{ streamId, error }` and `{ streamId, close: true }` out; events of processes as `{ streamId: <process>, action, data }`.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the option that is wrong.
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
  readonly #roster: Roster
  readonly #introductions: Introductions
  readonly #doorway: Doorway
  readonly #files: FileServer | undefined
  #isClosing = false
  #onDone: () => void = () => undefined

  constructor(host: WebHost, options: ResolvedIgorOptions) {
    this.#host = host
    this.#options = options
    const { sessionMs, maxClients, maxAwayClients, onLastClientGone, uuidsProve, compatible } = options
    const { files, credentials } = options
    const { clock, log, limits } = host
    const places = host.accounting.places('igorClients', maxClients)
    this.#roster = new Roster({ clock, log, sessionMs, places, maxAwayClients, onLastClientGone })
    const introduction = { uuidsProve, compatible, clock, limitMs: limits.handshakeTimeoutMs }
    this.#introductions = new Introductions(this.#roster, introduction)
    this.#doorway = new Doorway({ clock, limitMs: limits.handshakeTimeoutMs, reason: noPlace(maxClients) })
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

  /** Igor looks at no path: its page clients connect to '/<client id>', others to '/'. */
  onUnclaimedUpgrade(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined {
    return this.#options.compatible && protocols.length === 0 ? this.#routeOf(visit, false) : undefined
  }

  #routeOf(visit: WebVisit, isNamed: boolean): SocketRoute {
    const refusal = this.#refusalOf(visit)
    if (refusal !== undefined) throw new WebRefusal(refusal.status, refusal.reason)
    const { maxClients, maxMessageBytes } = this.#options
    if (this.#isClosing) throw new WebRefusal(503, 'the server is shutting down')
    // Where there is no place, one that is known may still come: it says so when it is connected.
    if (!this.#hasPlaceFor(visit.peer) && !this.#roster.knowsSomebody) throw new WebRefusal(503, noPlace(maxClients))
    const credentials = [
      ...credentialsInHeaders(visit.request.headers),
      ...(this.#options.credentials?.(visit.request) ?? []),
    ]
    return {
      ...(isNamed ? { protocol } : {}),
      maxMessageBytes,
      onSocket: (socket) => {
        if (this.#isClosing) socket.terminate()
        else if (this.#hasPlaceFor(visit.peer)) this.#connect(socket, visit.peer, credentials)
        else this.#receive(socket, visit.peer, credentials)
      },
    }
  }

  /** Clients that prove nothing are those of this machine, or of addresses that the program has named. */
  #refusalOf({ request, peer }: WebVisit): { readonly status: number; readonly reason: string } | undefined {
    const { headers } = request
    const { isServed, compatible } = this.#options
    // What a proxy that was not named passes on is not of its own address.
    const passedOn = (headers['x-forwarded-for'] as string | undefined)?.split(',').map((text) => text.trim()) ?? []
    if (compatible && headers.forwarded !== undefined)
      return {
        status: 403,
        reason: 'the header Forwarded is not read here; have the proxy send X-Forwarded-For instead',
      }
    if ([peer.address ?? '', ...passedOn].every(isServed)) return undefined
    const reason = "clients at this address are not let in; the gateway's option compatibleFrom names those that are"
    return { status: 403, reason }
  }

  #connect(
    socket: WebSocket,
    peer: Peer,
    credentials: readonly Credential[],
    mayStay?: (client: IgorClient) => boolean,
  ): Connection {
    const [host, options, roster, introductions] = [this.#host, this.#options, this.#roster, this.#introductions]
    const client = new IgorClient({
      host,
      options,
      peer,
      credentials,
      onDropped: (dropped) => roster.forget(dropped),
      onStreamOver: () => this.#onStreamOver(client),
    })
    roster.add(client, mayStay !== undefined)
    const { clock, limits } = host
    const isClosing = (): boolean => this.#isClosing
    return new Connection({ socket, client, roster, introductions, clock, limits, mayStay, isClosing })
  }

  /** No place is free: it comes in as somebody who has one, or not at all. */
  #receive(socket: WebSocket, peer: Peer, credentials: readonly Credential[]): void {
    const doorway = this.#doorway
    const isBack = ({ introduced }: IgorClient): boolean => {
      if (introduced === undefined) doorway.turnAway(socket)
      else doorway.letGo(socket)
      return introduced !== undefined
    }
    doorway.receive({
      socket,
      address: peer.address,
      mayEnter: (first) =>
        !this.#isClosing && (this.#hasPlaceFor(peer) || this.#introductions.isOfKnown(first, credentials)),
      enter: (first, isBinary) => {
        const isFree = this.#hasPlaceFor(peer)
        if (isFree) doorway.letGo(socket)
        this.#connect(socket, peer, credentials, isFree ? undefined : isBack).receive(first, isBinary)
      },
    })
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all([this.#streamsEnd(graceMs), this.#files?.close(graceMs)])
    await this.#roster.close()
    this.#host.accounting.forget(this.#roster.places)
  }

  /** Whether somebody from there who is not known may come, if need be in place of one of an address that has more. */
  #hasPlaceFor({ address }: Peer): boolean {
    const owner = { address, identity: undefined }
    const newcomer = this.#host.accounting.open({ owner, bytes: 0, shed: () => undefined })
    const isFree = this.#roster.places.hasPlaceFor(newcomer)
    newcomer.close()
    return isFree
  }

  #onStreamOver(client: IgorClient): void {
    this.#roster.forgetIfDone(client)
    if (this.#isClosing && this.#roster.openStreams === 0) this.#onDone()
  }

  /** Waits for the streams that are open, but not for ever. */
  async #streamsEnd(graceMs: number): Promise<void> {
    if (this.#roster.openStreams === 0) return
    let timer: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#onDone = resolve
      timer = this.#host.clock.setTimer(resolve, graceMs)
      timer.keepProcessAlive(true)
    })
    timer?.cancel()
  }
}
