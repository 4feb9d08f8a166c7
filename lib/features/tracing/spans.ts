// Spans of OpenTelemetry for calls, as interceptors: the client's span travels in the call's metadata (`traceparent`), and is the parent
// of the server's.
import type * as Api from '@opentelemetry/api'
import type { ClientCall } from '../../core/action/call-starter.ts'
import type { CallSubject } from '../../core/action/call-subject.ts'
import type { ServerCall } from '../../core/action/intercepted-run.ts'
import type { CallResult, Interceptor, Next } from '../../core/action/interceptors.ts'
import { invalidUsage } from '../../core/base/errors.ts'

/** The package `@opentelemetry/api` of the program: isock does not bring one, as there must be one for all libraries. */
export type TracingApi = Pick<typeof Api, 'trace' | 'context' | 'propagation' | 'SpanKind' | 'SpanStatusCode'>

/**
 * A span of kind CLIENT around each call that a client makes, within the span that is active there.
 *
 * @throws ClientError (`INVALID_OPTION`).
 * @example
 * import * as opentelemetry from '@opentelemetry/api'
 * client.use(clientSpans(opentelemetry))
 */
export function clientSpans(api: TracingApi): Interceptor<ClientCall> {
  requireApi(api)
  return (call, next) => {
    const send: Next = () => {
      api.propagation.inject(api.context.active(), call.metadata)
      return next()
    }
    return within(api, call, api.SpanKind.CLIENT, api.context.active(), send)
  }
}

/**
 * A span of kind SERVER around each call that comes to a server, whose parent is the caller's: also that of an HTTP request with the
 * header `traceparent`. A stream's span ends with the stream.
 *
 * @throws ClientError (`INVALID_OPTION`).
 * @example
 * import * as opentelemetry from '@opentelemetry/api'
 * server.use(serverSpans(opentelemetry))
 */
export function serverSpans(api: TracingApi): Interceptor<ServerCall> {
  requireApi(api)
  return (call, next) => {
    const caller = api.propagation.extract(api.context.active(), call.context.metadata)
    return within(api, call, api.SpanKind.SERVER, caller, next)
  }
}

async function within(
  api: TracingApi,
  { kind, name }: CallSubject,
  spanKind: Api.SpanKind,
  parent: Api.Context,
  run: Next,
): Promise<CallResult> {
  const attributes = { 'rpc.system': 'isock', 'rpc.method': name, 'isock.kind': kind }
  const span = api.trace.getTracer('isock').startSpan(name, { kind: spanKind, attributes }, parent)
  try {
    return await api.context.with(api.trace.setSpan(parent, span), run)
  } catch (error) {
    const { name: type = 'unknown', message = '' } = (error ?? {}) as Partial<Error>
    span.setStatus({ code: api.SpanStatusCode.ERROR, message })
    span.setAttribute('error.type', type)
    if (error instanceof Error) span.recordException(error)
    throw error
  } finally {
    span.end()
  }
}

function requireApi(api: unknown): void {
  if (typeof (api as Partial<TracingApi> | undefined)?.trace?.getTracer !== 'function')
    throw invalidUsage('expected the package @opentelemetry/api: import * as opentelemetry from "@opentelemetry/api"')
}
