// The HTTP gateway of one web server. Routes the requests to its paths, answers each of them once, and shuts down gracefully.
import type { ServerResponse } from 'node:http'
import { ServerError } from '../../core/base/errors.ts'
import { isLoopback } from '../../core/link/address.ts'
import type { MountedGateway, WebHost, WebVisit } from '../../features/web/gateway.ts'
import { type Answer, jsonAnswer, textAnswer } from '../answer.ts'
import { closeOf, deliver, whenConnected } from '../deliver.ts'
import { ActionRequests } from './action-requests.ts'
import { admitRequest } from './admit-request.ts'
import { ChannelRequests } from './channel-requests.ts'
import { HttpError, retryAfter } from './error-answer.ts'
import { expositionType } from './exposition.ts'
import { GatewayParts } from './gateway-parts.ts'
import type { ResolvedHttpOptions } from './http-options.ts'
import { HttpVisit } from './http-visit.ts'
import { Metrics } from './metrics.ts'
import { answerRead, isRead } from './read-requests.ts'
import { endingOf } from './request-places.ts'
import { methodsOf, type Route, routeOf } from './route.ts'

/** Headers that proxies add to forwarded requests. */
const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

export class HttpGateway implements MountedGateway {
  readonly #parts: GatewayParts
  readonly #actions: ActionRequests
  readonly #channels: ChannelRequests
  readonly #metrics: Metrics
  /** The open requests, each with a promise that settles when its response has been sent. */
  readonly #open = new Map<HttpVisit, Promise<void>>()
  /** Channel streams, which do not end by themselves. */
  readonly #channelStreams = new Set<HttpVisit>()
  #isClosing = false

  constructor(host: WebHost, options: ResolvedHttpOptions) {
    this.#parts = new GatewayParts(host, options)
    this.#actions = new ActionRequests(this.#parts)
    this.#channels = new ChannelRequests(this.#parts)
    this.#metrics = new Metrics(host)
  }

  /** Takes all methods, because a 405 lists those that the path allows. */
  takes(url: URL): boolean {
    return routeOf(url.pathname, this.#parts.options.prefix) !== undefined
  }

  /** True for health checks: orchestrators use the address of a pod or machine as Host. */
  isForAnyHost(url: URL, method: string): boolean {
    const route = routeOf(url.pathname, this.#parts.options.prefix)
    return route?.to === 'health' && methodsOf(route).includes(method)
  }

  onRequest(webVisit: WebVisit, response: ServerResponse): boolean {
    const route = routeOf(webVisit.url.pathname, this.#parts.options.prefix)
    if (route === undefined) return false
    whenConnected(response, () => this.#begin(webVisit, response, route))
    return true
  }

  #begin(webVisit: WebVisit, response: ServerResponse, route: Route): void {
    const visit = new HttpVisit(webVisit, response)
    const startedAtMs = this.#parts.host.clock.now()
    response.once('close', () => {
      const status = response.headersSent ? response.statusCode : 499
      this.#metrics.count(route.to, status, visit.isStream ? undefined : this.#parts.host.clock.now() - startedAtMs)
    })
    const work = this.#serve(visit, route)
      .then(() => closeOf(response))
      .finally(() => this.#open.delete(visit))
    this.#open.set(visit, work)
  }

  /** Ends channel streams immediately. Calls may finish within the grace period; then the rest is aborted. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    const { host } = this.#parts
    const settled = Promise.all([...this.#open.values(), this.#actions.settled()])
    for (const visit of this.#channelStreams) visit.abort(shuttingDown())
    const timer = host.clock.setTimer(() => this.#abortAll(), graceMs)
    await settled
    timer.cancel()
    this.#abortAll()
    this.#parts.close()
    this.#metrics.close()
  }

  #abortAll(): void {
    this.#actions.close()
    for (const visit of this.#open.keys()) {
      visit.abort(shuttingDown())
      visit.response.destroy()
    }
  }

  /** Never rejects: every error becomes a response. */
  async #serve(visit: HttpVisit, route: Route): Promise<void> {
    const { host, options, errors } = this.#parts
    const { request, response } = visit
    let answer: Answer | undefined
    try {
      answer = await this.#answer(visit, route)
    } catch (thrown) {
      const error = endingOf(thrown, visit.signal)
      host.log.debug({ error, path: visit.url.pathname }, 'a request failed')
      answer = errors.answer(error)
    }
    // Clients must not keep their connections to a server that shuts down.
    if (this.#isDraining && !response.headersSent) response.setHeader('connection', 'close')
    // A stream that has started cannot get another response.
    if (response.headersSent) response.end()
    else if (answer !== undefined)
      deliver(request, response, answer, { clock: host.clock, maxStallMs: options.maxStallMs })
  }

  async #answer(visit: HttpVisit, route: Route): Promise<Answer | undefined> {
    if (route.to === 'unknown')
      throw new HttpError(404, 'UNKNOWN_PATH', 'unknown path; expected /actions/<name> or /channels/<name>')
    const methods = methodsOf(route)
    const method = visit.request.method ?? ''
    if (!methods.includes(method))
      throw new HttpError(405, 'METHOD_NOT_ALLOWED', `${method} is not allowed at this path`, {
        allow: methods.join(', '),
      })
    if (route.to === 'health') return this.#health(route.check)
    if (route.to === 'metrics') return this.#metricsAnswer(visit)
    if (this.#isDraining) throw shuttingDown()
    const place = this.#parts.places.take(visit.peer.address, (reason) => visit.shed(reason))
    visit.place = place
    try {
      return await this.#work(visit, route)
    } finally {
      // The end of a stream may still be in transit.
      if (visit.isStream && !visit.response.destroyed) visit.response.once('close', () => place.leave())
      else place.leave()
    }
  }

  async #work(visit: HttpVisit, route: Route): Promise<Answer | undefined> {
    if (route.to === 'channel') {
      this.#channelStreams.add(visit)
      try {
        await this.#channels.serve(visit, route.name)
        return undefined
      } finally {
        this.#channelStreams.delete(visit)
      }
    }
    if (route.to === 'action' && visit.request.method === 'POST') return this.#actions.answer(visit, route.name)
    if (route.to === 'action' && isRead(visit)) return answerRead(this.#parts, visit, route.name)
    return this.#list(visit, route.to === 'action' ? route.name : undefined)
  }

  /** Lists the server's actions, or describes one, for any admitted client. */
  async #list(visit: HttpVisit, name: string | undefined): Promise<Answer> {
    const { client } = await admitRequest(this.#parts.host, visit)
    try {
      const { signal } = visit
      const json = await client.runAction<string | undefined>('isock.actions.json', name, { signal })
      if (json !== undefined) return jsonAnswer(200, name === undefined ? `{"actions":${json}}` : json)
      throw new HttpError(404, 'UNKNOWN_ACTION', 'unknown action; GET /actions lists all')
    } finally {
      await client.close()
    }
  }

  #health(check: 'live' | 'ready'): Answer {
    if (check === 'live') return jsonAnswer(200, '{"status":"ok"}')
    return this.#isDraining ? jsonAnswer(503, '{"status":"draining"}', retryAfter) : jsonAnswer(200, '{"status":"ok"}')
  }

  #metricsAnswer({ request, peer }: HttpVisit): Answer {
    const { metrics } = this.#parts.options
    if (metrics === 'off') throw new HttpError(404, 'UNKNOWN_PATH', 'metrics are turned off')
    const isForwarded = proxyHeaders.some((name) => request.headers[name] !== undefined)
    if (metrics === 'loopback' && (isForwarded || !isLoopback(peer.address ?? '')))
      throw new HttpError(
        403,
        'NOT_ALLOWED',
        "metrics are for this machine only; set the option metrics: 'everyone' to open them",
      )
    const { requestCount, streamCount } = this.#parts.places
    return textAnswer(200, this.#metrics.text({ requests: requestCount, streams: streamCount }), expositionType)
  }

  get #isDraining(): boolean {
    return this.#isClosing || this.#parts.host.server.isShuttingDown
  }
}

function shuttingDown(): ServerError {
  return new ServerError('the server is shutting down', { code: 'SHUTTING_DOWN', notStarted: true })
}
