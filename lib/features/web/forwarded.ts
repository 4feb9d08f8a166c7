// Who asks, where proxies are between: what they say in X-Forwarded-For and X-Forwarded-Proto, as far as they were named. What
// anybody else writes there is not believed.
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { isLoopback } from '../../core/link/address.ts'

export interface Asker {
  readonly address: string
  /** Nobody on the way from the client could read along, as the nearest proxy says. undefined: no proxy was asked. */
  readonly isSecure: boolean | undefined
}

/** `nearest`: the address of the connection. */
export function askerOf(nearest: string, headers: IncomingHttpHeaders, isProxy: (address: string) => boolean): Asker {
  if (!isProxy(nearest)) return { address: nearest, isSecure: undefined }
  // Each proxy adds whom it saw at the end. Before the first one that was not named, anybody may have written anything.
  const seen = listOf(headers['x-forwarded-for'])
  let address = nearest
  let asker = nearest
  while (isProxy(address)) {
    const further = ipIn(seen.pop())
    if (further === undefined) break
    address = further
    // Of another machine, a loopback address names a program there, which is not one of this machine.
    if (isLoopback(nearest) || !isLoopback(address)) asker = address
  }
  return { address: asker, isSecure: listOf(headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https' }
}

function listOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '')
  return text.split(',').flatMap((part) => part.trim() || [])
}

/** Some add the port: `203.0.113.7:1234`, `[2001:db8::1]:1234`. */
function ipIn(text: string | undefined): string | undefined {
  const bare = text?.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  return bare !== undefined && isIP(bare) !== 0 ? bare : undefined
}
