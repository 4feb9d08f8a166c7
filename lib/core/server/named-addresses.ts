// The remote addresses that options name: IP addresses, ranges, and `'loopback'` for this machine.
import { invalidOption } from '../base/options.ts'
import { isLoopback } from '../link/address.ts'
import { AddressRanges } from './address-ranges.ts'

const loopback = 'loopback'

/** Returns a test for membership. Throws ClientError (`INVALID_OPTION`). */
export function namedAddresses(option: string, entries: readonly string[] = []): (address: string) => boolean {
  if (!Array.isArray(entries)) throw invalidOption(option, 'a list', entries)
  if (entries.length === 0) return () => false
  const isLoopbackNamed = entries.includes(loopback)
  const ranges = new AddressRanges(
    option,
    entries.filter((entry) => entry !== loopback),
  )
  return (address) => (isLoopbackNamed && isLoopback(address)) || ranges.includes(address)
}
