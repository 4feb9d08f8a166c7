// Addresses as people write them: 'tcp://host:port', 'tls://host:port', 'unix:/path', 'memory:name', or host and
// port. Parsing only; dialing and listening are elsewhere.
import { ClientError } from '../base/errors.ts'
import { describe } from '../base/options.ts'

export type Address =
  | { readonly transport: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly transport: 'unix'; readonly path: string }
  | { readonly transport: 'memory'; readonly name: string }

/** Reads one address. Throws ClientError (`INVALID_OPTION`) that says what forms there are. */
export function parseAddress(text: string): Address {
  if (typeof text !== 'string') throw wrongAddress(text)
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    if (path === '' || path.includes('\0')) throw wrongAddress(text)
    return { transport: 'unix', path }
  }
  if (text.startsWith('memory:')) return { transport: 'memory', name: text.slice('memory:'.length) || 'default' }
  const match = /^(?:(tcp|tls):\/\/)?(\[[0-9a-fA-F:.%\w]+\]|[^/:@\s[\]]+):(\d{1,5})\/?$/.exec(text)
  if (match === null) throw wrongAddress(text)
  const [, transport = 'tcp', host = '', port = ''] = match
  return tcpAddress(host.replace(/^\[|\]$/g, ''), Number(port), transport as 'tcp' | 'tls')
}

/** An address by host and port; port 0 means, for a server, any free one. */
export function tcpAddress(host: string, port: number, transport: 'tcp' | 'tls' = 'tcp'): Address {
  if (typeof host !== 'string' || host === '') throw wrongOption('host', 'a host name or IP address', host)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw wrongOption('port', 'a whole number from 0 to 65535', port)
  return { transport, host, port }
}

/** The address as text, readable by parseAddress. */
export function formatAddress(address: Address): string {
  if (address.transport === 'unix') return `unix:${address.path}`
  if (address.transport === 'memory') return `memory:${address.name}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${address.transport}://${host}:${address.port}`
}

/** True for addresses that cannot leave this machine. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip === 'localhost' || /^(::ffff:)?127\./.test(ip)
}

function wrongAddress(came: unknown): ClientError {
  return wrongOption(
    'address',
    "'tcp://host:port', 'tls://host:port', 'unix:/path', 'memory:name' or 'host:port'",
    came,
  )
}

function wrongOption(name: string, expected: string, came: unknown): ClientError {
  return new ClientError(`option ${name}: expected ${expected}, got ${describe(came)}`, { code: 'INVALID_OPTION' })
}
