// A login at Tracim's HTTP API, and requests with it: only to the configured URL, with limits on time and size. The password
// is only in the body of the login, and never in a message or log line.
import { type Clock, platformClock } from '../core/base/clock.ts'
import { AuthError, ServerError } from '../core/base/errors.ts'
import { LinkedAbort } from '../core/base/linked-abort.ts'
import { invalidOption, requirePositive } from '../core/base/options.ts'
import { isRecord } from './daemon-event.ts'
import { staysInside } from './endpoint-path.ts'
import type { PassedAnswer, PassedRequest } from './event-source.ts'
import { RequestRefused } from './request-forwarder.ts'

const cookieName = 'session_key'

/** An account at a Tracim server. */
export interface TracimAccount {
  /** The URL of its API, such as `https://tracim.example/api`. */
  readonly url: string
  /** Either this or `mail`. */
  readonly username?: string | undefined
  readonly mail?: string | undefined
  readonly password: string
}

export interface TracimSessionOptions {
  /** The time for one request, including its answer. Default 30 000. */
  readonly requestTimeoutMs?: number | undefined
  /** The largest answer, in bytes. Default 16 MiB. */
  readonly maxAnswerBytes?: number | undefined
  readonly clock?: Clock | undefined
}

export class TracimSession {
  readonly #account: TracimAccount
  /** Without a trailing slash. */
  readonly #base: string
  readonly #requestTimeoutMs: number
  readonly #maxAnswerBytes: number
  readonly #clock: Clock
  #cookie = ''
  #userId = ''
  #login: Promise<string> | undefined

  /** @throws ClientError (`INVALID_OPTION`) that names the option. */
  constructor(account: TracimAccount, options: TracimSessionOptions = {}) {
    this.#account = account
    this.#base = baseUrl(account.url)
    if (!account.username && !account.mail) throw invalidOption('username', 'a name, or the option mail', '')
    if (typeof account.password !== 'string' || account.password === '')
      throw invalidOption('password', 'the password of the account', typeof account.password)
    this.#requestTimeoutMs = requirePositive('requestTimeoutMs', options.requestTimeoutMs ?? 30_000)
    this.#maxAnswerBytes = requirePositive('maxAnswerBytes', options.maxAnswerBytes ?? 16 * 1024 * 1024)
    this.#clock = options.clock ?? platformClock
  }

  get userId(): string {
    return this.#userId
  }

  /** The headers of requests of this session. */
  get headers(): Record<string, string> {
    return { Cookie: this.#cookie }
  }

  /**
   * Logs in; concurrent calls share one login. @throws AuthError if the account is refused, ServerError if Tracim
   * cannot be reached.
   */
  login(signal: AbortSignal): Promise<string> {
    this.#login ??= this.#doLogin(signal).finally(() => {
      this.#login = undefined
    })
    return this.#login
  }

  /** Logs in again if the login has expired. @throws RequestRefused */
  async request(request: PassedRequest, signal: AbortSignal): Promise<PassedAnswer> {
    const answer = await this.#fetch(request, signal)
    if (answer.statusCode !== 401) return answer
    await this.login(signal)
    return this.#fetch(request, signal)
  }

  /** @throws RequestRefused if the endpoint leads outside the configured URL. */
  urlOf(endpoint: string): URL {
    const url = URL.canParse(this.#base + endpoint) ? new URL(this.#base + endpoint) : undefined
    // Checks the result, in which dot segments are resolved, and the rest for servers that decode it once more.
    const isInside = url?.href.startsWith(`${this.#base}/`) && endpoint.startsWith('/') && staysInside(endpoint)
    if (url !== undefined && isInside && staysInside(url.href.slice(this.#base.length))) return url
    throw new RequestRefused(400, 'Bad Request', `endpoint: it leads outside ${this.#base}`)
  }

  async #doLogin(signal: AbortSignal): Promise<string> {
    const { username, mail, password } = this.#account
    const credentials = { ...(mail && { email: mail }), ...(username && { username }), password }
    const request = { method: 'POST', endpoint: '/auth/login', body: Buffer.from(JSON.stringify(credentials)) }
    this.#cookie = ''
    const cookies: string[] = []
    const answer = await this.#fetch(request, signal, cookies).catch((cause: Error) => {
      throw new ServerError(`cannot log in at ${this.#base}: ${cause.message}`, { code: 'UNREACHABLE', cause })
    })
    if (answer.statusCode !== 200) {
      throw new AuthError(`${this.#base} refused the login with status ${answer.statusCode}; check the account`)
    }
    const cookie = cookies
      .map((text) => text.split(';', 1)[0] as string)
      .find((text) => text.startsWith(`${cookieName}=`))
    const userId = userIdOf(answer.body)
    if (cookie === undefined || userId === undefined)
      throw new AuthError(`${this.#base} is not a Tracim server; check the url`)
    this.#cookie = cookie
    this.#userId = userId
    return userId
  }

  async #fetch(request: PassedRequest, signal: AbortSignal, cookies?: string[]): Promise<PassedAnswer> {
    const url = this.urlOf(request.endpoint)
    const abort = new LinkedAbort(signal)
    const seconds = this.#requestTimeoutMs / 1_000
    const late = new RequestRefused(504, 'Gateway Timeout', `no answer within ${seconds} s`)
    abort.abortAfter(this.#clock, this.#requestTimeoutMs, () => late)
    try {
      const response = await fetch(url, {
        method: request.method,
        headers: { 'Content-Type': 'application/json', ...(this.#cookie && this.headers) },
        ...(request.body !== undefined && { body: request.body as Uint8Array<ArrayBuffer> }),
        // Another server must not get the cookie: the caller sees the redirect.
        redirect: 'manual',
        signal: abort.signal,
      })
      cookies?.push(...response.headers.getSetCookie())
      const body = await this.#read(response)
      return { statusCode: response.status, statusText: response.statusText, body }
    } catch (error) {
      if (error instanceof RequestRefused) throw error
      if (abort.signal.reason === late) throw late
      throw new RequestRefused(502, 'Bad Gateway', reasonOf(error))
    } finally {
      abort.close()
    }
  }

  async #read(response: Response): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of response.body ?? []) {
      length += chunk.length
      if (length > this.#maxAnswerBytes)
        throw new RequestRefused(502, 'Bad Gateway', `an answer of more than ${this.#maxAnswerBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, length)
  }
}

function baseUrl(text: unknown): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    // Never quotes the value: it may contain a password.
    throw invalidOption('url', 'an http or https URL without user, query and fragment', typeof text)
  }
  return url.href.replace(/\/+$/, '')
}

function userIdOf(body: Uint8Array): string | undefined {
  try {
    const user: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    const id = isRecord(user) ? user['user_id'] : undefined
    return typeof id === 'number' || (typeof id === 'string' && /^\w{1,64}$/.test(id)) ? String(id) : undefined
  } catch {
    return undefined
  }
}

/** fetch reports "fetch failed"; the reason is its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${(cause as NodeJS.ErrnoException).code ?? cause.message}` : message
}
