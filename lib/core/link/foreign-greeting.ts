// Recognises the foreign protocol that a client speaks to a server's port, and answers in it if that helps. Leaves what
// a client finds instead of a server to foreign-bytes.ts.

export interface ForeignGreeting {
  readonly protocol: 'HTTP' | 'TLS' | 'SSH' | 'PROXY'
  readonly answer: Uint8Array | undefined
}

/** A fatal alert, protocol_version: the answer of a port without TLS to a client that starts TLS. */
const tlsAlert = Uint8Array.of(0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46)

/** Returns undefined for an unknown protocol. `addresses`: the server's own. */
export function greetingOf(bytes: Uint8Array, addresses: readonly string[]): ForeignGreeting | undefined {
  const beginning = String.fromCharCode(...bytes.subarray(0, 8))
  if (/^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PRI) /.test(beginning))
    return { protocol: 'HTTP', answer: httpAnswer(addresses) }
  if (bytes[0] === 0x16 && bytes[1] === 0x03) return { protocol: 'TLS', answer: tlsAlert }
  // From a proxy that the option proxyProtocol does not name.
  if (/^(PROXY |\r\n\r\n\0\r\nQ)/.test(beginning)) return { protocol: 'PROXY', answer: undefined }
  return beginning.startsWith('SSH-') ? { protocol: 'SSH', answer: undefined } : undefined
}

function httpAnswer(addresses: readonly string[]): Uint8Array {
  const web = addresses.filter((address) => /^wss?:/.test(address)).map((address) => address.replace(/^ws/, 'http'))
  const where = web.length > 0 ? `use ${web.map(withoutPath).join(', ')} for HTTP` : 'listenWeb opens a port for HTTP'
  const body = `this port speaks isock's own protocol, not HTTP; ${where}\n`
  const head = ['HTTP/1.1 400 Bad Request', 'connection: close', 'content-type: text/plain; charset=utf-8']
  return new TextEncoder().encode([...head, `content-length: ${body.length}`, '', body].join('\r\n'))
}

function withoutPath(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address
}
