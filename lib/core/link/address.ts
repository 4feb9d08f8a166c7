// Parses and formats addresses: 'tcp://host:port', 'tls://host:port', 'unix:/path', 'ws://host:port/path' (or http), 'memory:name',
// or host and port. Leaves dialing and listening to other files.
import { ClientError } from '../base/errors.ts'
import { describe } from '../base/options.ts'

export type Address = SocketAddress | WebAddress | NamedAddress

/** A name in a `MemoryNetwork`, or 'port:message' for a client's message port, which has no address. */
export interface NamedAddress {
  readonly transport: 'memory' | 'port'
  readonly name: string
}

/** The address of a TCP, TLS or Unix socket. */
export type SocketAddress =
  | { readonly transport: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly transport: 'unix'; readonly path: string }

/** The address at which a server accepts WebSockets. */
export interface WebAddress {
  readonly transport: 'ws' | 'wss'
  readonly host: string
  readonly port: number
  /** Starts with '/'. */
  readonly path: string
}

/** The path at which a web server accepts isock's own clients. */
export const defaultWebPath = '/isock'

/**
 * Parses one address. `bare` is the transport of an address without a scheme, such as 'host:port'.
 *
 * @throws ClientError (`INVALID_OPTION`) that lists the accepted forms.
 */
export function parseAddress(address: string | URL, bare: 'tcp' | 'tls' = 'tcp'): Address {
  const text = isUrl(address) ? address.href : address
  if (typeof text !== 'string') throw wrongAddress(text)
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    if (path === '' || path.includes('\0')) throw wrongAddress(text)
    return { transport: 'unix', path }
  }
  if (text.startsWith('memory:')) return { transport: 'memory', name: text.slice('memory:'.length) || 'default' }
  // Pages know the http URL of their server.
  if (/^(ws|http)s?:/i.test(text)) {
    const address = webAddress(text)
    if (address !== undefined) return address
    throw wrongAddress(text)
  }
  const match = /^(?:(tcp|tls):\/\/)?(\[[0-9a-fA-F:.%\w]+\]|[^/:@\s[\]]+):(\d{1,5})\/?$/.exec(text)
  if (match === null) throw wrongAddress(text)
  const [, transport = bare, host = '', port = ''] = match
  return tcpAddress(host.replace(/^\[|\]$/g, ''), Number(port), transport as 'tcp' | 'tls')
}

/** Parses an address, or combines a host with a port given separately. */
export function readAddress(address: unknown, bare: 'tcp' | 'tls', port?: number): Address {
  return port === undefined ? parseAddress(address as string, bare) : tcpAddress(address as string, port, bare)
}

/** Whether this is a URL object, of this realm or another. */
export function isUrl(value: unknown): value is URL {
  return typeof (value as Partial<URL> | undefined)?.href === 'string'
}

/**
 * Parses a ws, wss, http or https URL. Returns undefined for anything else.
 *
 * @throws ClientError (`INVALID_OPTION`) for a URL with credentials or a query: proxies and servers log URLs.
 */
export function webAddress(text: string): WebAddress | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '' || !/^(ws|http)s?:$/.test(url.protocol)) return undefined
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    const message = `option address: the URL of ${url.host} must have no credentials, query or fragment; pass credentials in the option token or credentials`
    throw new ClientError(message, { code: 'INVALID_OPTION' })
  }
  const transport = /^(wss|https):$/.test(url.protocol) ? 'wss' : 'ws'
  const port = url.port === '' ? (transport === 'wss' ? 443 : 80) : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { transport, host, port, path: url.pathname === '/' ? defaultWebPath : url.pathname }
}

/** Builds an address from a host and a port. A server may use port 0 for any free port. */
export function tcpAddress(host: string, port: number, transport: 'tcp' | 'tls' = 'tcp'): Address {
  if (typeof host !== 'string' || host === '') throw wrongOption('host', 'a host name or IP address', host)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw wrongOption('port', 'a whole number from 0 to 65535', port)
  return { transport, host, port }
}

/** Formats an address as a string that parseAddress accepts. */
export function formatAddress(address: Address): string {
  if (address.transport === 'unix') return `unix:${address.path}`
  if ('name' in address) return `${address.transport}:${address.name}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  const path = isWebAddress(address) ? address.path : ''
  return `${address.transport}://${host}:${address.port}${path}`
}

export function isWebAddress(address: Address): address is WebAddress {
  return address.transport === 'ws' || address.transport === 'wss'
}

/** True for addresses that only this machine can reach. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip === 'localhost' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(ip)
}

function wrongAddress(actual: unknown): ClientError {
  const error = wrongOption(
    'address',
    "'tcp://host:port', 'tls://host:port', 'unix:/path', 'ws://host:port', 'wss://host:port', 'memory:name' or 'host:port'",
    actual,
  )
  const hint = hintFor(actual)
  return hint === '' ? error : new ClientError(error.message + hint, { code: 'INVALID_OPTION' })
}

function hintFor(actual: unknown): string {
  if (actual === undefined) return '; if it comes from server.addresses, await listen() first'
  if (typeof actual === 'number') return ', a port without a host'
  return typeof actual === 'string' && /^[\w.-]+$/.test(actual) ? ', which has no port' : ''
}

function wrongOption(name: string, expected: string, actual: unknown): ClientError {
  return new ClientError(`option ${name}: expected ${expected}, got ${describe(actual)}`, { code: 'INVALID_OPTION' })
}
