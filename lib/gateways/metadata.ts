// The metadata of foreign clients' calls, read from headers: those of tracing by their own names, others as `Isock-Meta-<key>`.
import type { IncomingHttpHeaders } from 'node:http'
import { requireMetadata } from '../core/action/metadata-option.ts'
import { IsockError } from '../core/base/errors.ts'
import type { Metadata } from '../core/wire/frames/metadata.ts'
import { WebRefusal } from '../features/web/gateway.ts'

const prefix = 'isock-meta-'
const ofTracing: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage'])

/** The headers that carry metadata. */
export function metadataHeaders(headers: IncomingHttpHeaders): string[] {
  return Object.keys(headers).filter((name) => ofTracing.has(name) || name.startsWith(prefix))
}

/** An option for the client of these requests. Throws WebRefusal (400). */
export function metadataInHeaders(headers: IncomingHttpHeaders): { readonly metadata?: Metadata } {
  const names = metadataHeaders(headers)
  if (names.length === 0) return {}
  try {
    const metadata = requireMetadata(
      Object.fromEntries(names.map((name) => [keyOf(name), String(headers[name])])),
    ) as Metadata
    return { metadata }
  } catch (error) {
    if (error instanceof IsockError) throw new WebRefusal(400, `${error.message} (from the headers Isock-Meta-*)`)
    throw error
  }
}

function keyOf(name: string): string {
  return ofTracing.has(name) ? name : name.slice(prefix.length)
}
