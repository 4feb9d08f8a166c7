// Client, as pages, workers and other places without Node get it.
import { brand } from '../base/brand.ts'
import { ClientError } from '../base/errors.ts'
import { invalidOption } from '../base/options.ts'
import type { ClientArguments } from '../client/client-options.ts'
import type { ClientPlatform } from '../client/client-platform.ts'
import { formatAddress, isUrl, isWebAddress } from '../link/address.ts'
import { dialFromBrowser } from '../link/browser-dial.ts'
import { FeatureClient } from './feature-client.ts'

const browserPlatform: ClientPlatform = {
  environment: {},
  readSecret: () => {
    throw new ClientError('option tokenFile: a browser reads no files; use the option token or credentials', {
      code: 'INVALID_OPTION',
    })
  },
  dialer: ({ tls }) => {
    if (tls !== undefined) throw invalidOption('tls', 'none in a browser, which has its own; use wss://', tls)
    return async (address, signal) => {
      if (isWebAddress(address)) return dialFromBrowser(address, signal)
      throw invalidOption('address', "'ws://host:port' or 'wss://host:port' in a browser", formatAddress(address))
    }
  },
  // Deno ends its process by it.
  reportError:
    'Deno' in globalThis
      ? undefined
      : (globalThis as { reportError?: (error: unknown) => void }).reportError?.bind(globalThis),
  onExit: (tell) => {
    const place = globalThis as unknown as EventTarget
    // One that is kept for the back button lives on.
    const tellIfOver = (event: Event): void => {
      if (!(event as Event & { persisted?: boolean }).persisted) tell()
    }
    place.addEventListener?.('pagehide', tellIfOver)
    return () => place.removeEventListener?.('pagehide', tellIfOver)
  },
  onWakeUp: (tell) => {
    const place = globalThis as unknown as EventTarget & { readonly document?: EventTarget & { hidden: boolean } }
    const tellIfSeen = (): void => {
      if (place.document?.hidden === false) tell()
    }
    const news = [
      [place, 'online', tell],
      [place, 'pageshow', tell],
      [place.document, 'resume', tell],
      [place.document, 'visibilitychange', tellIfSeen],
    ] as const
    for (const [target, event, listener] of news) target?.addEventListener?.(event, listener)
    return () => {
      for (const [target, event, listener] of news) target?.removeEventListener?.(event, listener)
    }
  },
}

/**
 * Runs actions on a server, subscribes to its channels, uses its services: the same as `Client` on Node, over a
 * WebSocket. Without an address it goes to where the page came from.
 *
 * @example
 * const client = new Client()
 * console.log(await client.runAction(Echo, 'hi'))
 */
export class Client extends FeatureClient {
  /**
   * `new Client(options?)` in a page, `new Client('wss://host/isock', options?)`, or several addresses. Addresses may be URLs, those of
   * http stand for WebSockets, and relative ones are resolved as links of the page are.
   *
   * @throws ClientError (`INVALID_OPTION`) that names the option that is wrong.
   */
  constructor(...args: ClientArguments | [options?: ClientArguments[1]]) {
    super(browserPlatform, withAddress(args as unknown[]))
  }
}

brand('isock.Client', Client)

function withAddress(args: unknown[]): ClientArguments {
  const [first, ...rest] = args
  const { document, location } = globalThis as {
    document?: { baseURI: string }
    location?: { protocol: string; host: string; href: string }
  }
  const base = document?.baseURI ?? location?.href
  // As new WebSocket() does it.
  const resolved = (address: unknown): unknown =>
    typeof address === 'string' && !/^[\w.+-]+:/.test(address) && URL.canParse(address, base)
      ? new URL(address, base)
      : address
  if (Array.isArray(first)) return [first.map(resolved), ...rest] as unknown as ClientArguments
  if (typeof first === 'string' || isUrl(first)) return [resolved(first), ...rest] as unknown as ClientArguments
  if (location === undefined || !/^https?:$/.test(location.protocol))
    throw invalidOption('address', "one such as 'ws://localhost:8080': this page did not come from a web server", first)
  return [`${location.protocol}//${location.host}`, first as never]
}
