// The addresses whose clients need no credentials.
import type { Peer } from '../link/link.ts'
import { AddressRanges } from './address-ranges.ts'

export class TrustList {
  readonly #ranges: AddressRanges

  constructor(entries: readonly string[] = []) {
    this.#ranges = new AddressRanges('trust', entries)
  }

  includes({ address }: Peer): boolean {
    return address !== undefined && this.#ranges.includes(address)
  }
}
