// Decides which browsers may use a web server: by a list of hosts (against DNS rebinding) and a list of origins (against foreign
// pages). A request without an Origin does not come from a page.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { AllowedTexts, type AllowList, requireTexts } from './allow-list.ts'

/** Hosts that only this machine can use to reach itself. */
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** The header that causes a refusal. */
export type RefusedHeader = 'host' | 'origin'

export interface AccessRefusal {
  readonly reason: string
  /** The header whose value is not on its list, if that is the reason. */
  readonly header?: RefusedHeader
  /** True if a page of another site embeds the resource, which may still be allowed: see `Access.allowsEmbedding`. */
  readonly isOfEmbedding?: true
}

export interface AccessOptions {
  /**
   * Host names, with the port if it differs from the server's: 'chat.example.org', '*.example.org'. A named host is also accepted
   * without a port, as behind a proxy at 80 or 443. A function receives the Host header in lower case. Default: loopback, at
   * the server's port only.
   */
  readonly hosts?: AllowList | undefined
  /**
   * Origins as browsers send them: 'https://chat.example.org', 'https://*.example.org', 'file://', 'null'. A function receives
   * the Origin header unchanged, and 'file://' and 'null' if a page loads an image without revealing its origin.
   * Default: the origins of `hosts`; if these are 'any' or a function, that of the request's Host.
   */
  readonly origins?: AllowList | undefined
}

/** Tests whether a header's value is on a list. */
type Test = (value: string, host: string) => boolean

export class Access {
  readonly #isHost: Test
  readonly #isOrigin: Test
  readonly #isOpen: boolean
  /** Whether pages that cannot reveal their origin may embed: those of schemes such as file: send no Referer. */
  readonly #isForUnreferred: () => boolean
  readonly #onFailure: (error: unknown) => void

  /** Throws ClientError (`INVALID_OPTION`). `port` is where the server listens. `onFailure` receives errors of the functions. */
  constructor(
    options: AccessOptions,
    port: number,
    isTls: boolean,
    onFailure: (error: unknown) => void = () => undefined,
  ) {
    const { hosts = loopbackHosts, origins } = options
    const scheme = isTls ? 'https' : 'http'
    const standardPort = isTls ? 443 : 80
    this.#onFailure = onFailure
    this.#isOpen = origins === 'any'
    let exact: string[] | undefined
    if (hosts === 'any') this.#isHost = () => true
    else if (typeof hosts === 'function') this.#isHost = (value) => this.#ask(hosts, value)
    else {
      const given = requireTexts(
        'hosts',
        hosts,
        isHost,
        "host names such as 'localhost', 'example.org:8080', '*.example.org'",
      )
      exact = given.flatMap((host) => (hasPort(host) ? [host] : withPort(host, port, standardPort)))
      const named = new AllowedTexts(
        options.hosts === undefined ? exact : [...exact, ...given.map(withoutStandardPort)],
      )
      this.#isHost = (value) => named.has(value)
    }
    this.#isForUnreferred = () => false
    if (origins === 'any') this.#isOrigin = () => true
    else if (typeof origins === 'function') {
      this.#isOrigin = (value) => this.#ask(origins, value)
      this.#isForUnreferred = () => this.#ask(origins, 'file://') || this.#ask(origins, 'null')
    } else if (origins === undefined && exact === undefined) this.#isOrigin = isOfHost
    else {
      const wanted =
        "origins such as 'https://example.org', 'https://*.example.org', 'file://' or 'null', without a path"
      const list = origins === undefined ? (exact ?? []).map((host) => `${scheme}://${host}`) : origins
      const texts = requireTexts('origins', list, isOrigin, wanted).map(asSent)
      const named = new AllowedTexts(texts)
      const hasUnreferred = texts.some((text) => !/^https?:/.test(text))
      this.#isOrigin = (value) => named.has(value)
      this.#isForUnreferred = () => hasUnreferred
    }
  }

  /** Why a request is refused; undefined if it is allowed. */
  refusalOf(headers: IncomingHttpHeaders): AccessRefusal | undefined {
    const { origin } = headers
    const host = headers.host?.toLowerCase() ?? ''
    if (!this.#isHost(host, host)) return foreignHost
    if (this.#isOpen) return undefined
    if (origin !== undefined && !this.#isOrigin(origin, host)) return foreignOrigin
    // A page that embeds a resource (an image, a script) sends no Origin, but reveals that it is cross-site.
    const isEmbedded = headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate'
    return origin === undefined && isEmbedded ? foreignSite : undefined
  }

  /**
   * Whether a page of an allowed origin embeds this: an image, a style, a font or media, by GET. Browsers
   * then send no Origin, but the page's address (Referer). Only for requests that `refusalOf` refuses as embedding, with an
   * allowed Host.
   */
  allowsEmbedding({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
    const { host = '', referer } = headers
    if (method !== 'GET' || headers.origin !== undefined || headers['sec-fetch-mode'] !== 'no-cors') return false
    if (!embeddedKinds.has(String(headers['sec-fetch-dest']))) return false
    if (referer === undefined) return this.#isForUnreferred()
    if (!URL.canParse(referer)) return false
    const { origin } = new URL(referer)
    // If the Referer is our own, it is that of a style sheet that we served into such a page.
    return origin !== 'null' && (this.#isOrigin(origin, host.toLowerCase()) || isOfHost(origin, host.toLowerCase()))
  }

  /** Calls a function of the user. Only `true` allows: a promise or an error does not. */
  #ask(isAllowed: (value: string) => unknown, value: string): boolean {
    try {
      return isAllowed(value) === true
    } catch (error) {
      this.#onFailure(error)
      return false
    }
  }
}

const foreignHost: AccessRefusal = {
  reason: "this host is not served here; the server's option hosts lists those that are",
  header: 'host',
}
const foreignOrigin: AccessRefusal = {
  reason: "pages of this origin are not allowed; the server's option origins lists those that are",
  header: 'origin',
}
const foreignSite: AccessRefusal = { reason: 'pages of other sites may not embed this one', isOfEmbedding: true }

/** The destinations (Sec-Fetch-Dest) that a page shows or plays: neither scripts nor pages. */
const embeddedKinds: ReadonlySet<string> = new Set(['image', 'style', 'font', 'audio', 'video', 'track'])

function isOfHost(origin: string, host: string): boolean {
  return host !== '' && (origin === `http://${host}` || origin === `https://${host}`)
}

function withPort(host: string, port: number, standardPort: number): string[] {
  return port === standardPort ? [host, `${host}:${port}`] : [`${host}:${port}`]
}

/** Removes the standard port of a scheme, as browsers do. */
function withoutStandardPort(host: string): string {
  return host.replace(/:(80|443)$/, '')
}

/** An origin as browsers send it, without the standard port of its scheme. */
function asSent(origin: string): string {
  if (!/^https?:/.test(origin)) return origin
  // URL accepts no star in a host.
  const [parsed, hasStar] = [origin.replace('://*.', '://label.'), origin.includes('://*.')]
  if (!URL.canParse(parsed)) return origin
  return hasStar ? new URL(parsed).origin.replace('://label.', '://*.') : new URL(parsed).origin
}

function hasPort(host: string): boolean {
  return /:\d+$/.test(host) && !host.endsWith(']')
}

function isHost(text: string): boolean {
  const port = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/.exec(text)
  return port !== null && Number(port[1] ?? 0) <= 65_535
}

function isOrigin(text: string): boolean {
  return text === 'null' || text === 'file://' || (/^[a-z][a-z0-9+.-]*:\/\/[^/]+$/.test(text) && URL.canParse(text))
}
