// Checks that the option `tls` applies to the given addresses, so that it is never silently ignored. Leaves its contents
// to dialing and listening.
import { ClientError } from '../base/errors.ts'
import { type Address, formatAddress, isLoopback } from './address.ts'

/**
 * Rejects addresses given together with the option `tls` if none of them uses TLS, or if one reaches another machine without it.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the option and the address.
 */
export function requireUseOfTls(addresses: readonly Address[]): void {
  const others = addresses.filter(({ transport }) => transport !== 'tls' && transport !== 'wss')
  if (others.length === addresses.length)
    throw refused(`${addresses.map(formatAddress).join(', ') || 'no address'} does not use it${adviceFor(others[0])}`)
  const open = others.find((address) => 'host' in address && !isLoopback(address.host))
  if (open !== undefined) throw refused(`${formatAddress(open)} would still be in clear text${adviceFor(open)}`)
}

function adviceFor(address: Address | undefined): string {
  if (address === undefined || !('host' in address)) return '; omit tls, or add a tls:// address'
  const secure = formatAddress(address).replace(/^tcp/, 'tls').replace(/^ws/, 'wss')
  return `; use ${secure}, or omit tls`
}

function refused(message: string): ClientError {
  return new ClientError(`option tls: ${message}`, { code: 'INVALID_OPTION' })
}
