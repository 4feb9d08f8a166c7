// Client, as pages, workers and other places without Node get it.
import { brand } from '../core/base/brand.ts'
import { invalidOption } from '../core/base/options.ts'
import type { ClientArguments } from '../core/client/client-options.ts'
import type { ClientPlatform } from '../core/client/client-platform.ts'
import { type Address, isUrl, type WebAddress, webAddress } from '../core/link/address.ts'
import { dialFromBrowser } from '../core/link/browser-dial.ts'
import { FeatureClient } from './feature-client.ts'

const browserPlatform: ClientPlatform = {
  environment: {},
  readSecret: (path) => {
    throw invalidOption('tokenFile', 'none in a browser; use token or credentials', path)
  },
  readAddress,
  dialer: ({ tls }) => {
    if (tls !== undefined) throw invalidOption('tls', 'none in a browser, which has its own; use wss://', tls)
    // Others are not read here.
    return async (address, signal) => dialFromBrowser(address as WebAddress, signal)
  },
  // Deno ends its process by it.
  reportError:
    'Deno' in globalThis
      ? undefined
      : (globalThis as { reportError?: (error: unknown) => void }).reportError?.bind(globalThis),
  onExit: (tell) =>
    listenTo([
      [
        globalThis,
        'pagehide',
        // One that is kept for the back button lives on.
        (event) => {
          if (!(event as Event & { persisted?: boolean }).persisted) tell()
        },
      ],
    ]),
  onWakeUp: (tell) => {
    const { document } = globalThis as { document?: { hidden: boolean } }
    const tellIfSeen = (): void => {
      if (document?.hidden === false) tell()
    }
    return listenTo([
      [globalThis, 'online', tell],
      [globalThis, 'pageshow', tell],
      [document, 'resume', tell],
      [document, 'visibilitychange', tellIfSeen],
    ])
  },
}

/** Returns what ends it. */
function listenTo(
  news: readonly (readonly [target: object | undefined, event: string, tell: (event: Event) => void])[],
): () => void {
  for (const [target, event, tell] of news)
    (target as Partial<EventTarget> | undefined)?.addEventListener?.(event, tell)
  return () => {
    for (const [target, event, tell] of news)
      (target as Partial<EventTarget> | undefined)?.removeEventListener?.(event, tell)
  }
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
  const [first] = args
  if (typeof first === 'string' || Array.isArray(first) || isUrl(first)) return args as unknown as ClientArguments
  const { location } = globalThis as { location?: { protocol: string; host: string } }
  if (location === undefined || !/^https?:$/.test(location.protocol))
    throw invalidOption('address', "one such as 'ws://localhost:8080': this page did not come from a web server", first)
  return [`${location.protocol}//${location.host}`, first as never]
}

/** As links of the page are, and as new WebSocket() does it. */
function readAddress(given: unknown): Address {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } }
  const base = document?.baseURI ?? location?.href
  const text = isUrl(given) ? given.href : String(given)
  const isRelative = !/^[\w.+-]+:/.test(text) && URL.canParse(text, base)
  const address = webAddress(isRelative ? new URL(text, base).href : text)
  if (address !== undefined) return address
  throw invalidOption('address', "'ws://host:port', 'wss://host:port' or a relative URL in a browser", given)
}
