// The Client for pages, workers and other platforms without Node.
import { brand } from '../core/base/brand.ts'
import { invalidOption } from '../core/base/options.ts'
import type { ClientArguments, ClientOptions } from '../core/client/client-options.ts'
import type { ClientPlatform } from '../core/client/client-platform.ts'
import { type Address, isUrl, type WebAddress, webAddress } from '../core/link/address.ts'
import { dialFromBrowser } from '../core/link/browser-dial.ts'
import type { PortSource } from '../core/link/port-dial.ts'
import { FeatureClient } from './feature-client.ts'
import { overPort } from './port-client.ts'

const browserPlatform: ClientPlatform = {
  environment: {},
  readSecret: (path) => {
    throw invalidOption('tokenFile', 'nothing in a browser; use token or credentials', path)
  },
  credentialHint: 'pass token or credentials',
  readAddress,
  dialer: ({ tls }) => {
    if (tls !== undefined) throw invalidOption('tls', 'nothing in a browser, which has its own TLS; use wss://', tls)
    // readAddress accepts no other kind.
    return async (address, signal) => dialFromBrowser(address as WebAddress, signal)
  },
  // In Deno, reportError ends the process.
  reportError:
    'Deno' in globalThis
      ? undefined
      : (globalThis as { reportError?: (error: unknown) => void }).reportError?.bind(globalThis),
  onExit: (notify) =>
    listenTo([
      [
        globalThis,
        'pagehide',
        // A page kept for the back button lives on.
        (event) => {
          if (!(event as Event & { persisted?: boolean }).persisted) notify()
        },
      ],
    ]),
  onWakeUp: (notify) => {
    const { document } = globalThis as { document?: { hidden: boolean } }
    const notifyIfVisible = (): void => {
      if (document?.hidden === false) notify()
    }
    return listenTo([
      [globalThis, 'online', notify],
      [globalThis, 'pageshow', notify],
      [document, 'resume', notify],
      [document, 'visibilitychange', notifyIfVisible],
    ])
  },
}

/** Returns a function that removes the listeners. */
function listenTo(
  events: readonly (readonly [target: object | undefined, event: string, listener: (event: Event) => void])[],
): () => void {
  for (const [target, event, listener] of events)
    (target as Partial<EventTarget> | undefined)?.addEventListener?.(event, listener)
  return () => {
    for (const [target, event, listener] of events)
      (target as Partial<EventTarget> | undefined)?.removeEventListener?.(event, listener)
  }
}

/**
 * Runs actions on a server, subscribes to its channels, uses its services: the same as `Client` on Node, over a
 * WebSocket. Without an address it connects to the server that the page came from.
 *
 * @example
 * const client = new Client()
 * console.log(await client.runAction(Echo, 'hi'))
 */
export class Client extends FeatureClient {
  /**
   * `new Client(options?)` in a page, `new Client('wss://host/isock', options?)`, or several addresses. Addresses may be URLs; http
   * URLs mean WebSockets, and relative ones are resolved like links of the page. Or `new Client(port, options?)` over a MessagePort, as of an
   * Electron window: when that is lost, so are the calls; `new Client(() => port, options?)` reconnects with new ports.
   *
   * @throws ClientError (`INVALID_OPTION`) that names the wrong option.
   */
  constructor(port: PortSource, options?: ClientOptions)
  constructor(address: string | URL | readonly (string | URL)[], options?: ClientOptions)
  constructor(options?: ClientOptions)
  constructor(...args: unknown[]) {
    super(...(overPort(browserPlatform, args) ?? [browserPlatform, withAddress(args)]))
  }
}

brand('isock.Client', Client)

function withAddress(args: unknown[]): ClientArguments {
  const [first] = args
  if (typeof first === 'string' || Array.isArray(first) || isUrl(first)) return args as unknown as ClientArguments
  const { location } = globalThis as { location?: { protocol: string; host: string } }
  if (location === undefined || !/^https?:$/.test(location.protocol))
    throw invalidOption('address', "one such as 'ws://localhost:8080': this page did not come from a web server", first)
  return [`${location.protocol}//${location.host}`, first as never]
}

/** Resolves like a link of the page, as new WebSocket() does. */
function readAddress(given: unknown): Address {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } }
  const base = document?.baseURI ?? location?.href
  const text = isUrl(given) ? given.href : String(given)
  const isRelative = !/^[\w.+-]+:/.test(text) && URL.canParse(text, base)
  const address = webAddress(isRelative ? new URL(text, base).href : text)
  if (address !== undefined) return address
  throw invalidOption('address', "'ws://host:port', 'wss://host:port' or a relative URL in a browser", given)
}
