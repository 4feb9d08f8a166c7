// Forwards clients' requests to the source, a limited number at a time, and converts the answers to events. Clients write the
// fields in one of two spellings (method or Method); each gets its own spelling.
import { describe } from '../core/base/options.ts'
import { isRecord } from './daemon-event.ts'
import type { EventSource, PassedAnswer, PassedRequest } from './event-source.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const maxEndpointLength = 8_192

export interface RequestForwarderOptions {
  readonly source: EventSource
  readonly maxRequests: number
  readonly signal: AbortSignal
}

/** A request that is not forwarded, with the status of its answer. */
export class RequestRefused extends Error {
  readonly statusCode: number
  readonly statusText: string

  constructor(statusCode: number, statusText: string, message: string) {
    super(message)
    this.statusCode = statusCode
    this.statusText = statusText
  }
}

export class RequestForwarder {
  readonly #options: RequestForwarderOptions
  #running = 0

  constructor(options: RequestForwarderOptions) {
    this.#options = options
  }

  /** The data of the answer. Never rejects: an error becomes an answer with a status. */
  async answer(data: unknown): Promise<Record<string, unknown>> {
    const isCapitalised = isRecord(data) && 'Method' in data
    const answer = await this.#pass(data, isCapitalised).catch(asAnswer)
    const status = `${answer.statusCode} ${answer.statusText}`
    const body = Buffer.from(answer.body).toString('base64')
    const request = isRecord(data) ? data : {}
    return isCapitalised
      ? {
          Request: echo(request, ['Method', 'Endpoint', 'Body']),
          StatusCode: answer.statusCode,
          Status: status,
          data: body,
        }
      : { request: echo(request, ['method', 'endpoint', 'body']), status_code: answer.statusCode, status, data: body }
  }

  async #pass(data: unknown, isCapitalised: boolean): Promise<PassedAnswer> {
    const { source, maxRequests, signal } = this.#options
    const request = readRequest(data, isCapitalised)
    if (this.#running >= maxRequests)
      throw new RequestRefused(503, 'Service Unavailable', `${maxRequests} requests are running; try again later`)
    this.#running++
    try {
      return await source.request(request, signal)
    } finally {
      this.#running--
    }
  }
}

function readRequest(data: unknown, isCapitalised: boolean): PassedRequest {
  if (!isRecord(data)) throw bad(`data: expected { method, endpoint, body }, got ${describe(data)}`)
  const [method, endpoint, body] = isCapitalised
    ? [data['Method'], data['Endpoint'], data['Body']]
    : [data['method'], data['endpoint'], data['body']]
  if (typeof method !== 'string' || !methods.includes(method.toUpperCase()))
    throw bad(`method: expected one of ${methods.join(', ')}, got ${describe(method)}`)
  if (typeof endpoint !== 'string' || !endpoint.startsWith('/') || endpoint.length > maxEndpointLength)
    throw bad(`endpoint: expected a path that begins with a slash, got ${describe(endpoint)}`)
  return { method: method.toUpperCase(), endpoint, body: bodyBytes(body, isCapitalised) }
}

function bodyBytes(body: unknown, isBase64: boolean): Uint8Array | undefined {
  if (body === undefined || body === null || body === '') return undefined
  if (typeof body === 'string') return Buffer.from(body, isBase64 ? 'base64' : 'utf8')
  try {
    return Buffer.from(JSON.stringify(body))
  } catch {
    throw bad('body: it is nested too deeply') // parsed JSON can be written again, if the stack is deep enough
  }
}

/** The request as received, so that its sender recognises it, without unexpected fields. */
function echo(request: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, request[name] ?? null]))
}

function asAnswer(error: unknown): PassedAnswer {
  const refused =
    error instanceof RequestRefused ? error : new RequestRefused(502, 'Bad Gateway', (error as Error).message)
  const body = Buffer.from(JSON.stringify({ message: refused.message }))
  return { statusCode: refused.statusCode, statusText: refused.statusText, body }
}

function bad(message: string): RequestRefused {
  return new RequestRefused(400, 'Bad Request', message)
}
