// IP addresses and CIDR ranges, as given in options.
import { BlockList, isIP } from 'node:net'
import { invalidOption } from '../base/options.ts'

export class AddressRanges {
  readonly #option: string
  readonly #ranges = new BlockList()
  readonly #isEmpty: boolean

  /** `option` is the name in errors: ClientError (`INVALID_OPTION`). */
  constructor(option: string, entries: readonly string[]) {
    this.#option = option
    this.#isEmpty = entries.length === 0
    for (const entry of entries) this.#add(entry)
  }

  includes(address: string): boolean {
    return !this.#isEmpty && this.#ranges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }

  #add(entry: string): void {
    const [ip = '', bits, ...rest] = typeof entry === 'string' ? entry.split('/') : []
    const version = isIP(ip)
    const family = version === 6 ? 'ipv6' : 'ipv4'
    const wrong = (): Error => invalidOption(this.#option, 'IP addresses or ranges such as 10.0.0.0/8', entry)
    if (version === 0 || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) throw wrong()
    try {
      if (bits === undefined) this.#ranges.addAddress(ip, family)
      else this.#ranges.addSubnet(ip, Number(bits), family)
    } catch {
      throw wrong()
    }
  }
}
