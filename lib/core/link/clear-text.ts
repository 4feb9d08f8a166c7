// The use of the option `tls`: what was asked for must not be left out without a word. Reads the addresses beside it, and leaves
// its content to dialing and listening.
import { ClientError } from '../base/errors.ts'
import { type Address, formatAddress, isLoopback } from './address.ts'

/**
 * Refuses addresses beside the option `tls` that make no use of it: all of them, or one that leads to another machine.
 *
 * @throws ClientError (`INVALID_OPTION`) that names the option and the address.
 */
export function requireUseOfTls(addresses: readonly Address[]): void {
  const others = addresses.filter(({ transport }) => transport !== 'tls' && transport !== 'wss')
  if (others.length === addresses.length)
    throw refused(
      `${addresses.map(formatAddress).join(', ') || 'no address'} makes no use of it${adviceFor(others[0])}`,
    )
  const open = others.find((address) => 'host' in address && !isLoopback(address.host))
  if (open !== undefined) throw refused(`beside it ${formatAddress(open)} would be in clear text${adviceFor(open)}`)
}

function adviceFor(address: Address | undefined): string {
  if (address === undefined || !('host' in address)) return '; leave tls out, or add an address at tls://'
  const secure = formatAddress(address).replace(/^tcp/, 'tls').replace(/^ws/, 'wss')
  return `; write ${secure}, or leave tls out`
}

function refused(message: string): ClientError {
  return new ClientError(`option tls: ${message}`, { code: 'INVALID_OPTION' })
}
