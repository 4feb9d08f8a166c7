// What the requests of one gateway share.
import type { WebHost } from '../../web/gateway.ts'
import type { StreamFormat } from './accept.ts'
import { Bodies } from './body.ts'
import { ErrorAnswers, HttpFault, retryAfter } from './error-answer.ts'
import { EventStream } from './event-stream.ts'
import type { ResolvedHttpOptions } from './http-options.ts'
import type { HttpVisit } from './http-visit.ts'
import { KeptOutcomes } from './kept-outcomes.ts'
import { DataReader } from './request-data.ts'
import { Slots } from './slots.ts'

export class GatewayParts {
  readonly host: WebHost
  readonly options: ResolvedHttpOptions
  readonly bodies: Bodies
  readonly streams: Slots
  readonly requests: Slots
  readonly outcomes: KeptOutcomes
  readonly errors: ErrorAnswers
  readonly data: DataReader

  constructor(host: WebHost, options: ResolvedHttpOptions) {
    this.host = host
    this.options = options
    this.bodies = new Bodies(options, host.clock)
    this.streams = new Slots(options.maxStreams)
    this.requests = new Slots(options.maxRequests)
    this.outcomes = new KeptOutcomes(options.idempotency, host.clock)
    this.errors = new ErrorAnswers(options.statusOf, host)
    this.data = new DataReader(host.limits)
  }

  /** Throws HttpFault (503). */
  openStream(visit: HttpVisit, format: StreamFormat): EventStream {
    const giveBack = this.streams.take()
    if (giveBack === undefined) throw this.streamsFull()
    visit.response.once('close', giveBack)
    // It may have closed already, and says so once.
    if (visit.response.destroyed) giveBack()
    visit.becomeStream()
    const { keepAliveMs, maxStallMs } = this.options
    return new EventStream(visit.response, { clock: this.host.clock, format, keepAliveMs, maxStallMs })
  }

  streamsFull(): HttpFault {
    return new HttpFault(503, 'BUSY', `${this.options.maxStreams} streams are open already`, retryAfter)
  }

  requestsFull(): HttpFault {
    return new HttpFault(503, 'BUSY', `${this.options.maxRequests} requests are worked on already`, retryAfter)
  }
}
