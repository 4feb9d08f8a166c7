// What the requests of one gateway share.
import type { WebHost } from '../../features/web/gateway.ts'
import type { StreamFormat } from './accept.ts'
import { Bodies } from './body.ts'
import { ErrorAnswers } from './error-answer.ts'
import { EventStream } from './event-stream.ts'
import type { ResolvedHttpOptions } from './http-options.ts'
import type { HttpVisit } from './http-visit.ts'
import { IdempotencyStore } from './idempotency-store.ts'
import { DataReader } from './request-data.ts'
import { RequestPlaces } from './request-places.ts'

export class GatewayParts {
  readonly host: WebHost
  readonly options: ResolvedHttpOptions
  readonly bodies: Bodies
  readonly places: RequestPlaces
  readonly outcomes: IdempotencyStore
  readonly errors: ErrorAnswers
  readonly data: DataReader

  constructor(host: WebHost, options: ResolvedHttpOptions) {
    this.host = host
    this.options = options
    this.bodies = new Bodies(options, host.accounting, host.clock)
    this.places = new RequestPlaces(options, host.accounting)
    this.outcomes = new IdempotencyStore(options.idempotency, host.accounting, host.clock)
    this.errors = new ErrorAnswers(options.statusOf, host)
    this.data = new DataReader(host.limits)
  }

  /** Throws HttpError (503). */
  openStream(visit: HttpVisit, format: StreamFormat): EventStream {
    visit.becomeStream()
    const { keepAliveMs, maxStallMs } = this.options
    return new EventStream(visit.response, { clock: this.host.clock, format, keepAliveMs, maxStallMs })
  }

  close(): void {
    this.outcomes.close()
    this.places.close()
  }
}
