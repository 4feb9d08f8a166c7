// The header of the PROXY protocol, versions 1 and 2, which names the client behind a proxy. Parses bytes. Leaves sockets and trust
// to proxy-protocol.ts.
//
//   v1  "PROXY TCP4 203.0.113.7 192.0.2.1 40000 4440\r\n", at most 107 bytes
//   v2  signature (12) | version, command (1) | family, protocol (1) | length (2) | addresses | TLVs
//
// See https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
import { isIP, SocketAddress } from 'node:net'

/** The client of a connection, as a proxy reports it. */
export interface ProxiedClient {
  readonly address: string
  readonly port: number
}

export type HeaderReading =
  | { readonly state: 'incomplete' }
  | { readonly state: 'broken'; readonly reason: string }
  /** `client` undefined: the connection is the proxy's own, or the proxy does not know its client. */
  | { readonly state: 'complete'; readonly length: number; readonly client: ProxiedClient | undefined }

const incomplete = { state: 'incomplete' } as const
const longestLine = 107
const prefix = Buffer.from('PROXY ')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const fixedLength = 16
/** The largest size of addresses and TLVs. The largest TLV in use is a client certificate. */
const longestBody = 4_096
const ipv4Stream = 0x11
const ipv6Stream = 0x21
/** Unspecified and Unix sockets, which have no IP address. */
const withoutIp = [0x00, 0x31]

/** Parses the header at the beginning of the bytes received so far. */
export function readProxyHeader(bytes: Buffer): HeaderReading {
  if (startsLike(bytes, signature)) return bytes.length < fixedLength ? incomplete : readBinary(bytes)
  if (startsLike(bytes, prefix)) return readLine(bytes)
  return broken('the connection does not begin with one')
}

/** Compares up to the length of the shorter one. */
function startsLike(bytes: Buffer, beginning: Buffer): boolean {
  const length = Math.min(bytes.length, beginning.length)
  return bytes.subarray(0, length).equals(beginning.subarray(0, length))
}

function readLine(bytes: Buffer): HeaderReading {
  const end = bytes.subarray(0, longestLine).indexOf('\r\n')
  if (end === -1)
    return bytes.length < longestLine ? incomplete : broken(`its line is longer than ${longestLine} bytes`)
  const [, family, ...rest] = bytes.toString('latin1', 0, end).split(' ')
  const length = end + 2
  if (family === 'UNKNOWN') return { state: 'complete', length, client: undefined }
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined
  if (version === undefined) return broken('its protocol is not TCP4, TCP6 or UNKNOWN')
  const [source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = rest
  const areAddresses = [source, destination].every((text) => isIP(text) === version && !text.includes('%'))
  const arePorts = [sourcePort, destinationPort].every(
    (text) => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) < 65_536,
  )
  if (!areAddresses || !arePorts || more.length > 0) return broken('its line does not have two addresses and two ports')
  return { state: 'complete', length, client: clientAt(source, Number(sourcePort), version) }
}

function readBinary(bytes: Buffer): HeaderReading {
  const [versionAndCommand = 0, family = 0] = bytes.subarray(signature.length)
  const bodyLength = bytes.readUInt16BE(signature.length + 2)
  const length = fixedLength + bodyLength
  const command = versionAndCommand & 0x0f
  if (versionAndCommand >> 4 !== 2 || command > 1) return broken('its version or command is unknown')
  if (bodyLength > longestBody) return broken(`it is longer than ${fixedLength + longestBody} bytes`)
  const isLocal = command === 0
  const addressesLength = family === ipv4Stream ? 12 : family === ipv6Stream ? 36 : 0
  if (!isLocal && addressesLength === 0 && !withoutIp.includes(family)) return broken('its address family is not TCP')
  if (!isLocal && bodyLength < addressesLength) return broken('its addresses are truncated')
  if (bytes.length < length) return incomplete
  if (isLocal || addressesLength === 0) return { state: 'complete', length, client: undefined }
  const body = bytes.subarray(fixedLength)
  const client =
    family === ipv4Stream
      ? clientAt(body.subarray(0, 4).join('.'), body.readUInt16BE(8), 4)
      : clientAt(ipv6Text(body), body.readUInt16BE(32), 6)
  return { state: 'complete', length, client }
}

function ipv6Text(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':')
}

/** The address in Node's form. An IPv4-mapped IPv6 address becomes IPv4. */
function clientAt(text: string, port: number, version: 4 | 6): ProxiedClient {
  const { address } = new SocketAddress({ address: text, family: version === 4 ? 'ipv4' : 'ipv6' })
  return { address: address.replace(/^::ffff:(?=\d+\.)/, ''), port }
}

function broken(reason: string): HeaderReading {
  return { state: 'broken', reason }
}
