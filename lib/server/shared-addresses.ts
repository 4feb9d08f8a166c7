// The addresses that many clients share, as the option names them.
import { invalidOption } from '../base/options.ts'
import { isLoopback } from '../link/address.ts'
import { AddressRanges } from './address-ranges.ts'

const loopback = 'loopback'

/** @throws ClientError (`INVALID_OPTION`). */
export function sharedAddresses(entries: readonly string[] = []): (address: string) => boolean {
  if (!Array.isArray(entries)) throw invalidOption('sharedAddresses', 'a list', entries)
  if (entries.length === 0) return () => false
  const isLoopbackShared = entries.includes(loopback)
  const ranges = new AddressRanges(
    'sharedAddresses',
    entries.filter((entry) => entry !== loopback),
  )
  return (address) => (isLoopbackShared && isLoopback(address)) || ranges.includes(address)
}
