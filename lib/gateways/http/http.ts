// The public list of `isock/http`.
import type { WebGateway } from '../../features/web/gateway.ts'
import { HttpGateway } from './http-gateway.ts'
import { type HttpOptions, resolveHttpOptions } from './http-options.ts'

export { type JsonValue, toJsonValue } from '../json-values.ts'
export type { FailedCall } from './error-answer.ts'
export type { HttpLimits, HttpOptions, IdempotencyLimits, MetricsAccess } from './http-options.ts'

/**
 * Actions and channels for all HTTP clients: `POST /actions/<name>` with JSON, `GET /actions/<name>?...` for
 * actions without side effects, streams as server-sent events or JSON lines, `GET /channels/<name>`, `GET /actions`,
 * `/health/live`, `/health/ready`, `/metrics`.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the option.
 * @example
 * const web = await listenWeb(server, { port: 8080, gateways: [http()] })
 * await fetch(`${web.url}/actions/Echo`, {
 *   method: 'POST',
 *   headers: { 'content-type': 'application/json' },
 *   body: '"hi"',
 * })
 */
export function http(options: HttpOptions = {}): WebGateway {
  const resolved = resolveHttpOptions(options)
  return { name: 'http', mount: (host) => new HttpGateway(host, resolved) }
}
