// The client behind trusted proxies, by X-Forwarded-For and X-Forwarded-Proto. Headers of other senders are ignored.
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { isLoopback } from '../../core/link/address.ts'

export interface ForwardedClient {
  readonly address: string
  /** Whether the whole path from the client is encrypted, according to the nearest proxy. Undefined without a trusted proxy. */
  readonly isSecure: boolean | undefined
}

/** Determines the client. `nearest` is the address of the connection. */
export function clientOf(
  nearest: string,
  headers: IncomingHttpHeaders,
  isProxy: (address: string) => boolean,
): ForwardedClient {
  if (!isProxy(nearest)) return { address: nearest, isSecure: undefined }
  // Each proxy appends the address that it saw. Anything before the first untrusted one may be forged.
  const seen = listOf(headers['x-forwarded-for'])
  let address = nearest
  let asker = nearest
  while (isProxy(address)) {
    const further = ipIn(seen.pop())
    if (further === undefined) break
    address = further
    // A loopback address reported by another machine names a program there, not here.
    if (isLoopback(nearest) || !isLoopback(address)) asker = address
  }
  return { address: asker, isSecure: listOf(headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https' }
}

function listOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '')
  return text.split(',').flatMap((part) => part.trim() || [])
}

/** Some proxies add the port: `203.0.113.7:1234`, `[2001:db8::1]:1234`. */
function ipIn(text: string | undefined): string | undefined {
  const bare = text?.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  return bare !== undefined && isIP(bare) !== 0 ? bare : undefined
}
