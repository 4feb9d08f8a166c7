// The owner of an account: an address (a /64 network for IPv6), and an identity if guards assigned one.

/** The client that something is held for. */
export interface Owner {
  /** An IP address; undefined if there is none, as with a Unix socket. */
  readonly address: string | undefined
  /** The `id` of the identity. */
  readonly identity: string | undefined
}

/** The address key of clients without an address, which are on this machine. */
const withoutAddress = 'local'

/** The same key for addresses that count as one. An IPv6 subscriber has at least a /64 network, so a single address means nothing. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return withoutAddress
  const [bare = ''] = address.toLowerCase().split('%')
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare)
  if (mapped !== null) return mapped[1] as string
  if (!bare.includes(':')) return bare
  return `${groupsOf(bare).slice(0, 4).join(':')}::/64`
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  return [...first, ...Array<string>(zeros).fill('0'), ...last].map((group) => group.replace(/^0+(?=.)/, ''))
}
