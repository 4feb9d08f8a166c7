// The option `proxyProtocol`, of servers and of web ports: whose PROXY headers are read.
import type { Logger } from '../base/log.ts'
import { invalidOption } from '../base/options.ts'
import { isLoopback } from '../link/address.ts'
import type { ProxyProtocol } from '../link/proxy-protocol.ts'
import { namedAddresses } from './named-addresses.ts'

/** Addresses and ranges of proxies, `'loopback'` for this machine; `true`: the same as `['loopback']`, at ports that only it reaches. */
export type ProxyAddresses = true | readonly string[]

/**
 * undefined: no header is read. `hosts` are those of the ports.
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
      'the addresses of the proxies, as other machines reach the port too and could name any client',
      given,
    )
  const isProxy = namedAddresses(option, given === true ? ['loopback'] : given)
  const onRefused = (peer: string, reason: string): void =>
    log.warn(
      { peer, reason },
      'a connection from an address that the option proxyProtocol names has no readable PROXY header; have the proxy send one (HAProxy: send-proxy-v2), or do not name it',
    )
  return { isProxy, onRefused }
}
