// Who may speak to a web server from a browser: exact lists of Hosts (so that no foreign name that resolves to this
// machine gets in) and of Origins (so that no foreign page does). What sends no Origin is not a page of a browser.
import type { IncomingHttpHeaders } from 'node:http'
import { invalidOption } from '../base/options.ts'

/** 'any' gives the defence up. */
export type AllowList = readonly string[] | 'any'

/** The names of this machine that no other machine can be reached by. */
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** The header for which a request is refused. */
export type RefusedHeader = 'host' | 'origin'

export interface AccessRefusal {
  readonly reason: string
  /** Which header's value is not on its list; undefined where that was not the reason. */
  readonly header?: RefusedHeader
}

export interface AccessOptions {
  /**
   * Host names, with the port where it is another than the server's: 'chat.example.org'. A named host may also come without
   * a port, as behind a proxy at 80 or 443. Default: loopback, at the server's port alone.
   */
  readonly hosts?: AllowList
  /**
   * Origins as browsers send them: 'https://chat.example.org', 'file://', 'null'. Default: those of `hosts`; where these are
   * 'any', that of the Host that was asked.
   */
  readonly origins?: AllowList
}

export class Access {
  readonly #hosts: ReadonlySet<string> | undefined
  readonly #origins: ReadonlySet<string> | 'any' | 'of the host'

  /** Throws ClientError (`INVALID_OPTION`). `port` is where the server listens. */
  constructor(options: AccessOptions, port: number, isTls: boolean) {
    const { hosts = loopbackHosts, origins } = options
    const scheme = isTls ? 'https' : 'http'
    const standardPort = isTls ? 443 : 80
    let exact: string[] = []
    if (hosts !== 'any') {
      const given = requireTexts('hosts', hosts, isHost, "host names such as 'localhost' or 'example.org:8080'")
      exact = given.flatMap((host) => (hasPort(host) ? [host] : withPort(host, port, standardPort)))
      this.#hosts = new Set(options.hosts === undefined ? exact : [...exact, ...given.map(withoutStandardPort)])
    }
    if (origins === 'any') this.#origins = 'any'
    else if (origins !== undefined) {
      const wanted = "origins such as 'https://example.org', 'file://' or 'null', without a path"
      this.#origins = new Set(requireTexts('origins', origins, isOrigin, wanted).map(asSent))
    } else if (this.#hosts === undefined) this.#origins = 'of the host'
    else this.#origins = new Set(exact.map((host) => asSent(`${scheme}://${host}`)))
  }

  /** Why a request is refused; undefined: it is not. */
  refusalOf(headers: IncomingHttpHeaders): AccessRefusal | undefined {
    const { host, origin } = headers
    if (this.#hosts !== undefined && (host === undefined || !this.#hosts.has(host.toLowerCase()))) return foreignHost
    if (this.#origins === 'any') return undefined
    if (origin !== undefined && !this.#isLetIn(origin, host)) return foreignOrigin
    // A page that embeds us (an image, a script) sends no Origin, but tells where it is from.
    const isEmbedded = headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate'
    return origin === undefined && isEmbedded ? foreignSite : undefined
  }

  #isLetIn(origin: string, host: string | undefined): boolean {
    const origins = this.#origins
    return typeof origins === 'string' ? isOfHost(origin, host) : origins.has(origin)
  }
}

const foreignHost: AccessRefusal = {
  reason: "this host is not served here; the server's option hosts names those that are",
  header: 'host',
}
const foreignOrigin: AccessRefusal = {
  reason: "pages of this origin are not let in; the server's option origins names those that are",
  header: 'origin',
}
const foreignSite: AccessRefusal = { reason: 'pages of other sites may not embed this one' }

function isOfHost(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}

function withPort(host: string, port: number, standardPort: number): string[] {
  return port === standardPort ? [host, `${host}:${port}`] : [`${host}:${port}`]
}

/** What is asked by a scheme's standard port names none. Another port stays. */
function withoutStandardPort(host: string): string {
  return host.replace(/:(80|443)$/, '')
}

/** An origin as browsers send it: without its scheme's standard port. */
function asSent(origin: string): string {
  return /^https?:/.test(origin) && URL.canParse(origin) ? new URL(origin).origin : origin
}

function hasPort(host: string): boolean {
  return /:\d+$/.test(host) && !host.endsWith(']')
}

function isHost(text: string): boolean {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/.test(text)
}

function isOrigin(text: string): boolean {
  return text === 'null' || text === 'file://' || (/^[a-z][a-z0-9+.-]*:\/\/[^/]+$/.test(text) && URL.canParse(text))
}

function requireTexts(name: string, given: unknown, fits: (text: string) => boolean, expected: string): string[] {
  const wrong = (came: unknown): Error => invalidOption(name, `'any' or a list of ${expected}`, came)
  if (!Array.isArray(given)) throw wrong(given)
  return given.map((text: unknown) => {
    if (typeof text !== 'string' || !fits(text.toLowerCase())) throw wrong(text)
    return text.toLowerCase()
  })
}
