// The option `proxyProtocol` of servers and web ports: the proxies whose PROXY headers are read.
import type { Logger } from '../base/log.ts'
import { invalidOption } from '../base/options.ts'
import { isLoopback } from '../link/address.ts'
import type { ProxyProtocol } from '../link/proxy-protocol.ts'
import { namedAddresses } from './named-addresses.ts'

/** Addresses and ranges of proxies, `'loopback'` for this machine; `true`: `['loopback']`, for ports that only this machine reaches. */
export type ProxyAddresses = true | readonly string[]

/**
 * Returns undefined if no header is read. `hosts` are those of the ports.
 *
 * @throws ClientError (`INVALID_OPTION`)
 */
export function resolveProxies(
  given: ProxyAddresses | undefined,
  hosts: readonly string[],
  log: Logger,
): ProxyProtocol | undefined {
  const option = 'proxyProtocol'
  if (given === undefined || (Array.isArray(given) && given.length === 0)) return undefined
  if (given === true && !hosts.every(isLoopback))
    throw invalidOption(
      option,
      'the addresses of the proxies, because other machines can reach the port too and could pretend to be any client',
      given,
    )
  const isProxy = namedAddresses(option, given === true ? ['loopback'] : given)
  const onRefused = (peer: string, reason: string): void =>
    log.warn(
      { peer, reason },
      'a connection from an address in the option proxyProtocol has no readable PROXY header; make the proxy send one (HAProxy: send-proxy-v2), or remove the address',
    )
  return { isProxy, onRefused }
}
