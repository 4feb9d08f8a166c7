// A headless Firefox as it is distributed: the one of ISOCK_FIREFOX, or the one found on the machine. Driven by WebDriver BiDi, of
// which this speaks what the specs need.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type { DrivenBrowser, DrivenPage } from './browsers.ts'
import { waitFor } from './wait-for.ts'

/** Not /usr/bin/firefox, which may be a snap: that sees no profile in the directory for temporary files. */
const places = [
  '/usr/bin/firefox-esr',
  '/usr/lib/firefox/firefox',
  '/opt/firefox/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
]

/** What is said where there is none. */
export const howToGetFirefox =
  'there is no Firefox; install the package firefox-esr, or set ISOCK_FIREFOX to the path of one'

const startMs = 120_000
const commandMs = 110_000
const exitMs = 15_000

/** Without the requests that a browser makes for itself, and without what it shows at its first start. */
const preferences = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.systemAddon.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.type': 0,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
}

/** The path of its program; undefined: there is none. */
export function findFirefox(): string | undefined {
  const given = process.env['ISOCK_FIREFOX']
  if (given !== undefined && given !== '') return given
  return places.find((place) => existsSync(place))
}

/** Rejects where it does not start, or says nothing of BiDi in time; leaves nothing behind then. */
export async function launchFirefox(path: string): Promise<DrivenBrowser> {
  const firefox = new Firefox(path)
  try {
    await firefox.open()
    return firefox
  } catch (error) {
    await firefox.close()
    throw error
  }
}

/** What the other side says: the answer to a command, or an event. */
interface Message {
  readonly id?: number
  readonly type: 'success' | 'error' | 'event'
  readonly method?: string
  readonly result?: Readonly<Record<string, unknown>>
  readonly params?: Readonly<Record<string, unknown>>
  readonly message?: string
}

interface Waiting {
  resolve(result: Readonly<Record<string, unknown>>): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

class Firefox implements DrivenBrowser {
  readonly #profile = mkdtempSync(join(tmpdir(), 'isock-firefox-'))
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #waiting = new Map<number, Waiting>()
  readonly #pages = new Map<string, FirefoxPage>()
  #socket: WebSocket | undefined
  #lastId = 0
  #said = ''

  constructor(path: string) {
    const lines = Object.entries(preferences).map(([name, value]) => `user_pref('${name}', ${JSON.stringify(value)})\n`)
    writeFileSync(join(this.#profile, 'user.js'), lines.join(''))
    const place = ['--profile', this.#profile, '--no-remote']
    this.#process = spawn(path, ['--headless', ...place, '--remote-debugging-port', '0', 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // It writes into its home beside the profile.
      env: { ...process.env, HOME: this.#profile, MOZ_CRASHREPORTER_DISABLE: '1' },
    })
    this.#exited = once(this.#process, 'exit').catch(() => undefined)
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = `${this.#said}${text}`.slice(-10_000)
    })
  }

  async open(): Promise<void> {
    let failure: Error | undefined
    this.#process.on('error', (error) => {
      failure = error
    })
    const found = await waitFor(
      () => {
        if (failure !== undefined) throw new Error(`${howToGetFirefox}: ${failure.message}`)
        if (this.#process.exitCode !== null) throw new Error(`Firefox has exited: ${this.#said}`)
        return /BiDi listening on (ws:\/\/\S+)/.exec(this.#said)
      },
      { timeoutMs: startMs, what: 'Firefox to start' },
    )
    const socket = new WebSocket(`${found[1]}/session`)
    this.#socket = socket
    socket.on('message', (data) => this.#onMessage(JSON.parse(String(data)) as Message))
    socket.on('close', () => this.#failAll(new Error('Firefox has closed its connection')))
    await once(socket, 'open')
    await this.command('session.new', { capabilities: {} })
    await this.command('session.subscribe', { events: ['log.entryAdded'] })
  }

  async newPage(): Promise<DrivenPage> {
    const { context } = await this.command('browsingContext.create', { type: 'tab' })
    const page = new FirefoxPage(this, String(context), () => this.#pages.delete(String(context)))
    this.#pages.set(String(context), page)
    return page
  }

  command(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#waiting.delete(id)
        reject(new Error(`Firefox has not answered ${method} within ${commandMs} ms`))
      }
      this.#waiting.set(id, { resolve, reject, timer: setTimeout(late, commandMs) })
      this.#socket?.send(JSON.stringify({ id, method, params }))
    })
  }

  async close(): Promise<void> {
    if (this.#socket?.readyState === WebSocket.OPEN) await this.command('browser.close', {}).catch(() => undefined)
    if (this.#process.pid !== undefined) {
      const kill = setTimeout(() => this.#process.kill('SIGKILL'), this.#socket === undefined ? 0 : exitMs)
      await this.#exited
      clearTimeout(kill)
    }
    this.#socket?.terminate()
    this.#failAll(new Error('Firefox is closed'))
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  #onMessage({ id, type, method, result = {}, params, message }: Message): void {
    if (id === undefined) {
      if (method === 'log.entryAdded' && params?.['type'] === 'javascript') this.#onPageError(params)
      return
    }
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (type === 'success') waiting.resolve(result)
    else waiting.reject(new Error(`Firefox: ${message}`))
  }

  #onPageError({ source, text, level }: Readonly<Record<string, unknown>>): void {
    const { context } = source as { context?: string }
    // Sockets that cannot connect are among them, and nobody threw those.
    const wasThrown = /^(uncaught|\w*(Error|Exception)\b)/i.test(String(text))
    if (level === 'error' && wasThrown) this.#pages.get(context ?? '')?.onError(new Error(String(text)))
  }

  #failAll(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#waiting.clear()
  }
}

class FirefoxPage implements DrivenPage {
  readonly #browser: Firefox
  readonly #context: string
  readonly #onClosed: () => void
  readonly #listeners: ((error: Error) => void)[] = []
  #isClosed = false

  constructor(browser: Firefox, context: string, onClosed: () => void) {
    this.#browser = browser
    this.#context = context
    this.#onClosed = onClosed
  }

  goto(url: string): Promise<unknown> {
    return this.#browser.command('browsingContext.navigate', { context: this.#context, url, wait: 'complete' })
  }

  reload(): Promise<unknown> {
    return this.#browser.command('browsingContext.reload', { context: this.#context, wait: 'complete' })
  }

  goBack(): Promise<unknown> {
    return this.#browser.command('browsingContext.traverseHistory', { context: this.#context, delta: -1 })
  }

  async evaluate<R, A>(run: (argument: A) => R | Promise<R>, argument?: A): Promise<R> {
    const wrapped = `async (given) => JSON.stringify({ value: await (${run})(given && JSON.parse(given)) })`
    const given = JSON.stringify(argument)
    const { type, result, exceptionDetails } = await this.#browser.command('script.callFunction', {
      functionDeclaration: wrapped,
      awaitPromise: true,
      target: { context: this.#context },
      arguments: given === undefined ? [] : [{ type: 'string', value: given }],
    })
    if (type !== 'success') throw new Error(`in the page: ${(exceptionDetails as { text: string }).text}`)
    return JSON.parse((result as { value: string }).value).value as R
  }

  waitForFunction(isTrue: () => unknown, _argument?: undefined, { timeout = 30_000 } = {}): Promise<unknown> {
    return waitFor(() => this.evaluate(isTrue), { timeoutMs: timeout })
  }

  on(_event: 'pageerror', listener: (error: Error) => void): void {
    this.#listeners.push(listener)
  }

  onError(error: Error): void {
    for (const listener of this.#listeners) listener(error)
  }

  /** Once: a spec may have closed it. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClosed()
    await this.#browser.command('browsingContext.close', { context: this.#context })
  }
}
