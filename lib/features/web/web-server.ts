// One port for browsers and foreign clients. Checks Host and Origin, then passes each request and each WebSocket to the first
// handler that takes it.
//
//   request ─> Access (Host, Origin) ─> gateways ─> browser module ─> static files ─> 404
//   upgrade ─> Access (Host, Origin) ─> isock's own clients ─> gateways ─> 404
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { defaultWebPath } from '../../core/link/address.ts'
import type { TlsRenewal } from '../../core/link/listener.ts'
import { renewedTls, usableTls } from '../../core/link/port-tls.ts'
import { type TlsWatch, watchTls } from '../../core/link/tls-watch.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { OpenedPort } from '../../core/server/open-ports.ts'
import { Access } from './access.ts'
import { type BrowserModule, browserModule } from './browser-module.ts'
import { allowOrigin, answerPreflight, preflightMethod } from './cross-origin.ts'
import { type MountedGateway, type SocketRoute, WebRefusal, type WebVisit } from './gateway.ts'
import { isockClients } from './isock-clients.ts'
import type { Refusal } from './refusal.ts'
import { RefusalLog } from './refusal-log.ts'
import { staticFiles } from './static-files.ts'
import { Upgrades } from './upgrades.ts'
import { visitOf } from './visit.ts'
import { type ProcessView, webHostOf } from './web-host.ts'
import { type ResolvedWebOptions, requireGrace, resolveWebOptions, type WebOptions } from './web-options.ts'
import { WebPort } from './web-port.ts'

/** What `listenWeb` returns. */
export interface WebListener {
  /** The URL with the actual port, such as 'http://127.0.0.1:8080'. */
  readonly url: string
  /** The address for `new Client(...)`, such as 'ws://127.0.0.1:8080/isock'. */
  readonly address: string
  /**
   * The path of the client's module with a hash of its content, which browsers may cache for a year, such as
   * '/isock.js?v=Zk3...'. Undefined without the option `browserModule`.
   */
  readonly browserModule: string | undefined
  /**
   * Closes only this port; the server's other addresses stay open. Running requests have `graceMs` (default 10 000) to finish.
   * Settles when the port is free and everything is released. Rejects with ClientError (`INVALID_OPTION`).
   */
  close(graceMs?: number): Promise<void>
}

/** The part of its feature that a web server needs. */
export interface WebSurroundings {
  processes(): readonly ProcessView[]
  onClosed(): void
}

const defaultGraceMs = 10_000

export class WebServer implements WebListener {
  readonly #kit: ServerKit
  readonly #options: ResolvedWebOptions
  readonly #port: WebPort
  readonly #surroundings: WebSurroundings
  #url = ''
  #isOpen = false
  readonly #own: MountedGateway
  /** The sockets of isock's own clients, which their sessions close when the server ends. */
  readonly #links: Upgrades
  readonly #sockets: Upgrades
  #access: Access | undefined
  readonly #refusals: RefusalLog
  readonly #mounted: MountedGateway[] = []
  #browserModule: BrowserModule | undefined
  #watch: TlsWatch | undefined
  #opened: Promise<void> | undefined
  #drained: Promise<void> | undefined

  /** Throws ClientError (`INVALID_OPTION`). */
  constructor(kit: ServerKit, given: WebOptions, surroundings: WebSurroundings) {
    this.#kit = kit
    this.#links = new Upgrades(kit.clock)
    this.#sockets = new Upgrades(kit.clock)
    this.#refusals = new RefusalLog(kit.log)
    this.#surroundings = surroundings
    this.#options = resolveWebOptions(given, defaultWebPath)
    this.#port = new WebPort(this.#options, kit)
    this.#own = isockClients(this.#options.path, (link) => kit.takeLink(link))
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get url(): string {
    return this.#url
  }

  get address(): string {
    return `${this.#url.replace('http', 'ws')}${this.#options.path}`
  }

  get browserModule(): string | undefined {
    return this.#browserModule?.lastingPath
  }

  /** Throws ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED`; ClientError (`INVALID_OPTION`). */
  async open(): Promise<this> {
    const { clock, log } = this.#kit
    const renew = (): void => {
      for (const each of this.tlsRenewals(undefined)) each()
    }
    this.#watch = watchTls(this.#options.tls, { clock, log, renew })
    this.#opened = this.#open()
    try {
      await this.#opened
    } catch (error) {
      this.#watch?.close()
      throw error
    }
    return this
  }

  /** Ends everything but the sessions, which the server ends. */
  drain(graceMs: number): Promise<void> {
    this.#drained ??= this.#end(graceMs)
    return this.#drained
  }

  /** Functions that renew the TLS of our own port, if it has any. Throws ClientError (`INVALID_OPTION`) for unusable TLS. */
  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[] {
    const { tls } = this.#options
    if (tls === undefined) return []
    const renewed = usableTls(renewedTls(tls, renewal))
    return [() => this.#port.renewTls(renewed)]
  }

  async close(graceMs = defaultGraceMs): Promise<void> {
    requireGrace(graceMs)
    await this.drain(graceMs)
    await this.#links.close()
  }

  async #open(): Promise<void> {
    // Checks the options first; the actual port is known later.
    this.#access = new Access(this.#options, this.#options.port, this.#port.isTls)
    await this.#port.open()
    try {
      const failed = (error: unknown): void => this.#kit.report(error, 'the option hosts or origins')
      this.#access = new Access(this.#options, this.#port.address.port, this.#port.isTls, failed)
      for (const mount of this.#mounts()) this.#mounted.push(mount())
    } catch (error) {
      await this.#closeMounted(0)
      await this.#port.close(0, this.#kit.clock)
      throw error
    }
    this.#url = this.#port.url
    this.#port.attach({ onRequest: this.#onRequest, onUpgrade: this.#onUpgrade })
    this.#isOpen = true
    const { tls, server } = this.#options
    this.#kit.onPortOpened({ ...this.#port.place, tls: tls ?? (server as OpenedPort['tls']) })
  }

  #mounts(): (() => MountedGateway)[] {
    const { gateways, browserModule: modulePath, static: root } = this.#options
    const host = webHostOf(this.#kit, () => this.#surroundings.processes())
    return [
      ...gateways.map((gateway) => () => gateway.mount(host)),
      ...(modulePath === undefined ? [] : [() => (this.#browserModule = browserModule(modulePath))]),
      ...(root === undefined ? [] : [() => staticFiles(root)]),
    ]
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): Refusal | undefined => {
    const visit = visitOf(request, 'http', this.#options.isProxy)
    if ('status' in visit) return visit
    const refusal = this.#refusalOf(request)
    const takers = refusal === undefined || this.#isForAnyHost(visit) ? this.#mounted : this.#embeddedAt(visit)
    if (refusal !== undefined && takers.length === 0) return refusal
    const revert = refusal === undefined ? allowOrigin(request, response) : () => undefined
    try {
      if (this.#isOwnPreflight(visit)) {
        answerPreflight(request, response)
        return undefined
      }
      if (takers.some((mounted) => mounted.onRequest?.(visit, response) === true)) return undefined
    } catch (error) {
      this.#kit.report(error, `the request ${request.method} ${visit.url.pathname}`)
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
      response.end('the server failed\n')
      return undefined
    }
    // The user's handlers must get the response without our headers.
    if (this.#options.server !== undefined) revert()
    return nothingAt(visit.url.pathname, this.#options.path)
  }

  #isForAnyHost({ request, url }: WebVisit): boolean {
    const { headers, method = '' } = request
    if (headers.origin !== undefined) return false
    return this.#mounted.some((mounted) => mounted.isForAnyHost?.(url, method) === true)
  }

  /** Gateways that allow a page of an allowed origin to embed this, although the request has no Origin. */
  #embeddedAt({ request, url }: WebVisit): readonly MountedGateway[] {
    const access = this.#access
    const isEmbedding = access?.refusalOf(request.headers)?.isOfEmbedding === true
    if (access === undefined || !isEmbedding || !access.allowsEmbedding(request)) return []
    return this.#mounted.filter((mounted) => mounted.mayBeEmbedded?.(url) === true)
  }

  /** Whether to answer a preflight: always on our own port, on a user's server only for requests that a gateway takes. */
  #isOwnPreflight({ request, url }: WebVisit): boolean {
    const method = preflightMethod(request)
    if (method === undefined || this.#options.server === undefined) return method !== undefined
    return this.#mounted.some((mounted) => mounted.takes?.(url, method) === true)
  }

  readonly #onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): Refusal | undefined => {
    const visit = visitOf(request, 'websocket', this.#options.isProxy)
    if ('status' in visit) return visit
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').flatMap((text) => text.trim() || [])
    const refusal = this.#refusalOf(request)
    const own = this.#own.onUpgrade?.(visit, protocols)
    if (refusal !== undefined) {
      // A page cannot read a status.
      if (own === undefined || own instanceof Promise || own.protocol === undefined) return refusal
      refusal.onAnswered?.()
      this.#links.reject(request, stream, head, own, refusal.message)
      return undefined
    }
    if (own !== undefined && !(own instanceof Promise)) {
      this.#links.accept(request, stream, head, own)
      return undefined
    }
    try {
      const route = this.#routeOf(visit, protocols)
      if (route === undefined) return { status: 404, message: 'no WebSocket is accepted at this path' }
      if (!(route instanceof Promise)) this.#sockets.accept(request, stream, head, route)
      else
        void this.#sockets.acceptLater(request, stream, head, route, {
          limitMs: this.#kit.limits.handshakeTimeoutMs,
          refusalFor: this.#refusalFor,
        })
      return undefined
    } catch (error) {
      return this.#refusalFor(error)
    }
  }

  #refusalOf(request: IncomingMessage): Refusal | undefined {
    const refused = this.#access?.refusalOf(request.headers)
    if (refused === undefined) return undefined
    const { reason, header } = refused
    const onAnswered = (): void => (header === undefined ? undefined : this.#refusals.note(header, request.headers))
    return { status: 403, message: reason, onAnswered }
  }

  #routeOf(visit: WebVisit, protocols: readonly string[]): SocketRoute | Promise<SocketRoute> | undefined {
    for (const mounted of this.#mounted) {
      const route = mounted.onUpgrade?.(visit, protocols)
      if (route !== undefined) return route
    }
    for (const mounted of this.#port.hasOtherUpgrades ? [] : this.#mounted) {
      const route = mounted.onUnclaimedUpgrade?.(visit, protocols)
      if (route !== undefined) return route
    }
    return undefined
  }

  readonly #refusalFor = (error: unknown): Refusal => {
    if (error instanceof WebRefusal) return error
    this.#kit.report(error, 'an upgrade to a WebSocket')
    return { status: 500, message: 'the server failed' }
  }

  async #end(graceMs: number): Promise<void> {
    // Node does not report the end of a port that is closed while it opens, so wait until it is open.
    await this.#opened?.catch(() => undefined)
    this.#watch?.close()
    const endAtMs = this.#kit.clock.now() + graceMs
    await this.#closeMounted(graceMs)
    await this.#sockets.close()
    this.#isOpen = false
    await this.#port.close(endAtMs - this.#kit.clock.now(), this.#kit.clock)
    this.#surroundings.onClosed()
  }

  async #closeMounted(graceMs: number): Promise<void> {
    const report = (error: unknown): void => this.#kit.report(error, 'the end of a gateway')
    await Promise.all(this.#mounted.map((mounted) => mounted.close(graceMs).catch(report)))
  }
}

/** The refusal for an unknown path. Explains the path of isock's clients to browsers. */
function nothingAt(path: string, ofClients: string): Refusal {
  if (path !== ofClients) return { status: 404, message: 'there is nothing at this path' }
  const message = `clients of isock connect here, over a WebSocket: new Client('ws://<host>${ofClients}')`
  return { status: 426, message }
}
