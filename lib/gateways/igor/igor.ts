// The Igor gateway: unmodified clients of Igor's JSON over a WebSocket run actions, many streams on one socket, and get
// the events of processes. The idea and the protocol are Igor's; docs/igor.md has both.
import type { Timer } from '../../base/clock.ts'
import {
  type MountedGateway,
  type SocketRoute,
  type WebGateway,
  type WebHost,
  WebRefusal,
  type WebVisit,
} from '../../web/gateway.ts'
import { credentialsInHeaders } from '../credentials.ts'
import { Connection } from './connection.ts'
import { FileServer } from './file-server.ts'
import { IgorClient } from './igor-client.ts'
import { type IgorOptions, type ResolvedIgorOptions, resolveIgorOptions } from './igor-options.ts'
import { Introductions } from './introduction.ts'
import { Roster } from './roster.ts'

export type { FileOptions } from './file-options.ts'
export type { IgorOptions } from './igor-options.ts'

/** The subprotocol that a client may name. */
const protocol = 'igor'

/**
 * The gateway for Igor's clients, for `server.listenWeb`: `{ streamId, action, data }` in; `{ streamId, data }`,
 * `{ streamId, error }` and `{ streamId, close: true }` out; events of processes as `{ streamId: <process>, action, data }`.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the option that is wrong.
 * @example
 * await server.listenWeb({ port: 5678, gateways: [igor({ path: '/', files: { root: './files', write: true } })] })
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
  readonly #files: FileServer | undefined
  #isClosing = false
  #onDone: () => void = () => undefined

  constructor(host: WebHost, options: ResolvedIgorOptions) {
    this.#host = host
    this.#options = options
    const { sessionMs, maxAwayClients, onLastClientGone, uuidsProve, files, credentials } = options
    const { clock, log } = host
    this.#roster = new Roster({ clock, log, sessionMs, maxAwayClients, onLastClientGone })
    this.#introductions = new Introductions(this.#roster, uuidsProve)
    if (files !== undefined) this.#files = new FileServer({ host, options: files, credentials })
  }

  onRequest(visit: WebVisit, response: Parameters<FileServer['onRequest']>[1]): boolean {
    return this.#files?.onRequest(visit, response) ?? false
  }

  onUpgrade(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined {
    const isNamed = protocols.includes(protocol)
    const isHere = protocols.length === 0 && visit.url.pathname === this.#options.path
    if (!isNamed && !isHere) return undefined
    const { maxClients, maxMessageBytes } = this.#options
    if (this.#isClosing) throw new WebRefusal(503, 'the server is shutting down')
    if (this.#roster.connectedCount >= maxClients)
      throw new WebRefusal(503, `${maxClients} clients are connected already`)
    const credentials = [
      ...credentialsInHeaders(visit.request.headers),
      ...(this.#options.credentials?.(visit.request) ?? []),
    ]
    return {
      ...(isNamed ? { protocol } : {}),
      maxMessageBytes,
      onSocket: (socket) => {
        if (this.#isClosing) return socket.terminate()
        const client = new IgorClient({
          host: this.#host,
          options: this.#options,
          peer: visit.peer,
          credentials,
          onDropped: (dropped) => this.#roster.forget(dropped),
          onStreamOver: () => this.#onStreamOver(client),
        })
        this.#roster.add(client)
        const { clock, limits } = this.#host
        const isClosing = (): boolean => this.#isClosing
        const [roster, introductions] = [this.#roster, this.#introductions]
        new Connection({ socket, client, roster, introductions, clock, limits, isClosing })
      },
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all([this.#streamsEnd(graceMs), this.#files?.close(graceMs)])
    await this.#roster.close()
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
