// Addresses in a browser, in the place of address.ts: only those of WebSockets are there, so the others take no room in what pages
// load, and one of them is refused where it is given.
import { invalidOption } from '../base/options.ts'
import type { Address, WebAddress } from './address.ts'

export const defaultWebPath = '/isock'

/** Throws ClientError (`INVALID_OPTION`) for anything but an address of a WebSocket, which may be that of a page. */
export function parseAddress(address: string | URL): Address {
  const text = isUrl(address) ? address.href : address
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^(ws|http)s?:/i.test(text) || url.hostname === '')
    throw invalidOption('address', "'ws://host:port' or 'wss://host:port' in a browser", text)
  const transport = /^(wss|https):/.test(url.protocol) ? 'wss' : 'ws'
  // Credentials have no place in a URL: it is logged on the way.
  if (`${url.username}${url.password}${url.search}${url.hash}` !== '') {
    const expected = "'ws://host:port/path' alone; credentials go into the options token or credentials"
    throw invalidOption('address', expected, `one with more than that for ${url.host}`)
  }
  return {
    transport,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (transport === 'wss' ? 443 : 80) : Number(url.port),
    path: url.pathname === '/' ? defaultWebPath : url.pathname,
  }
}

/** One of another realm too. */
export function isUrl(value: unknown): value is URL {
  return typeof (value as Partial<URL> | undefined)?.href === 'string'
}

/** A host and a port alone are those of a socket, which no browser opens. */
export function tcpAddress(host: string, port: number): Address {
  return parseAddress(`tcp://${host}:${port}`)
}

/** The address as text, readable by parseAddress. */
export function formatAddress(address: Address): string {
  const { transport, host, port, path } = address as WebAddress
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
}

export function isWebAddress(_address: Address): _address is WebAddress {
  return true
}

/** True for addresses that cannot leave this machine. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip === 'localhost' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(ip)
}
