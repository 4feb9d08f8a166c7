// Addresses whose clients need no credentials: single IPs and CIDR ranges.
import { BlockList, isIP } from 'node:net'
import { invalidOption } from '../base/options.ts'
import type { Peer } from '../link/link.ts'

export class TrustList {
  readonly #ranges = new BlockList()
  readonly #isEmpty: boolean

  constructor(entries: readonly string[] = []) {
    this.#isEmpty = entries.length === 0
    for (const entry of entries) this.#add(entry)
  }

  includes(peer: Peer): boolean {
    const { address } = peer
    if (this.#isEmpty || address === undefined) return false
    return this.#ranges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }

  #add(entry: string): void {
    const [ip = '', bits, ...rest] = typeof entry === 'string' ? entry.split('/') : []
    const version = isIP(ip)
    const family = version === 6 ? 'ipv6' : 'ipv4'
    const wrong = (): Error => invalidOption('trust', 'IP addresses or ranges such as 10.0.0.0/8', entry)
    if (version === 0 || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) throw wrong()
    try {
      if (bits === undefined) this.#ranges.addAddress(ip, family)
      else this.#ranges.addSubnet(ip, Number(bits), family)
    } catch {
      throw wrong()
    }
  }
}
