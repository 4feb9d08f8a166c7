// WebKitGTK, which has the engine of Safari: the WebKitWebDriver of ISOCK_WEBKIT, or the one found on the machine, on a display in
// memory. Driven by classic WebDriver, whose commands run one after the other: a script is started, and then asked for its outcome.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DrivenBrowser, DrivenPage } from './browsers.ts'
import { waitFor } from './wait-for.ts'

const places = ['/usr/bin/WebKitWebDriver', '/usr/lib/webkit2gtk-4.1/WebKitWebDriver', '/usr/libexec/WebKitWebDriver']
const displays = ['/usr/bin/Xvfb', '/usr/local/bin/Xvfb']

/** The message where there is none. */
export const howToGetWebKit =
  'there is no WebKit; install the packages webkit2gtk-driver and xvfb, or set ISOCK_WEBKIT to the path of a WebKitWebDriver'

const startMs = 60_000
const exitMs = 15_000

/** The path of its driver; undefined: there is none, or no display for it. */
export function findWebKit(): string | undefined {
  const given = process.env['ISOCK_WEBKIT']
  if (given !== undefined && given !== '') return given
  if (displays.every((place) => !existsSync(place))) return undefined
  return places.find((place) => existsSync(place))
}

/** Rejects where it does not start in time, and leaves nothing behind then. */
export async function launchWebKit(path: string): Promise<DrivenBrowser> {
  const webKit = new WebKit()
  try {
    await webKit.open(path)
    return webKit
  } catch (error) {
    await webKit.close()
    throw error
  }
}

class WebKit implements DrivenBrowser {
  readonly #home = mkdtempSync(join(tmpdir(), 'isock-webkit-'))
  /** In the order in which they were started; they end in the opposite one. */
  readonly #processes: ChildProcess[] = []
  readonly #pages = new Set<WebKitPage>()
  #port = 0
  #session = ''
  /** Its first page, which stays, as a browser ends with its last. */
  #first = ''
  /** The commands of all pages, one after the other: each begins with the choice of its page. */
  #last: Promise<unknown> = Promise.resolve()

  async open(path: string): Promise<void> {
    const display = this.#start(displays.find((place) => existsSync(place)) ?? 'Xvfb', [
      ...['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'],
    ])
    const screen = await waitFor(() => /^(\d+)\n/.exec(display.printed()), { timeoutMs: startMs, what: 'a display' })
    this.#port = await freePort()
    const driver = this.#start(path, [`--port=${this.#port}`], {
      DISPLAY: `:${screen[1]}`,
      GDK_BACKEND: 'x11',
      HOME: this.#home,
      XDG_RUNTIME_DIR: this.#home,
      // What browsers of a desktop ask for, and nobody answers here.
      NO_AT_BRIDGE: '1',
    })
    driver.listen((line) => {
      for (const page of this.#pages) page.onError(new Error(line))
    })
    const isThere = () => {
      driver.printed()
      return this.#request('GET', '/status').then(Boolean, () => false)
    }
    await waitFor(isThere, { timeoutMs: startMs, what: 'WebKitWebDriver to start' })
    // Without it nobody hears what a page throws.
    const args = ['--automation', '--enable-write-console-messages-to-stdout=true']
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { args } } }
    const { sessionId } = (await this.#request('POST', '/session', { capabilities })) as { sessionId: string }
    this.#session = sessionId
    this.#first = String(await this.#next('GET', '/window'))
  }

  async newPage(): Promise<DrivenPage> {
    const { handle } = (await this.in(this.#first, 'POST', '/window/new', { type: 'window' })) as { handle: string }
    const page = new WebKitPage(this, handle)
    this.#pages.add(page)
    return page
  }

  /** A command in one of its pages. */
  async in(page: string, method: string, path: string, body?: object): Promise<unknown> {
    const chosen = this.#next('POST', '/window', { handle: page })
    chosen.catch(() => undefined)
    const done = this.#next(method, path, body, chosen)
    return await done
  }

  forget(page: WebKitPage): void {
    this.#pages.delete(page)
  }

  async close(): Promise<void> {
    if (this.#session !== '') await this.#next('DELETE', '').catch(() => undefined)
    for (const each of this.#processes.reverse()) {
      if (each.pid === undefined || each.exitCode !== null) continue
      const exited = once(each, 'exit')
      each.kill()
      const kill = setTimeout(() => each.kill('SIGKILL'), exitMs)
      await exited
      clearTimeout(kill)
    }
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 })
  }

  #next(method: string, path: string, body?: object, after?: Promise<unknown>): Promise<unknown> {
    const run = () => this.#request(method, `/session/${this.#session}${path}`, body)
    const result = this.#last.then(() => (after === undefined ? run() : after.then(run)))
    this.#last = result.catch(() => undefined)
    return result
  }

  #request(method: string, path: string, body?: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, method, path, agent: false }
      const asked = request(options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        response.on('error', reject)
        response.on('end', () => {
          const { value } = JSON.parse(text) as { value: unknown }
          if (response.statusCode === 200) resolve(value)
          else reject(new Error(`WebKit, ${method} ${path}: ${JSON.stringify(value)}`))
        })
      })
      asked.on('error', reject)
      asked.end(body && JSON.stringify(body))
    })
  }

  #start(path: string, args: string[], variables: NodeJS.ProcessEnv = {}): Printed {
    const started = spawn(path, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...variables } })
    this.#processes.push(started)
    return new Printed(started, path)
  }
}

/** What a process prints. */
class Printed {
  readonly #process: ChildProcess
  readonly #path: string
  #text = ''
  #failure: Error | undefined

  constructor(started: ChildProcess, path: string) {
    this.#process = started
    this.#path = path
    started.on('error', (error) => {
      this.#failure = error
    })
    started.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text = `${this.#text}${text}`.slice(-10_000)
    })
  }

  /** Throws if its program is not there, or has exited. */
  printed(): string {
    if (this.#failure !== undefined) throw new Error(`${howToGetWebKit}: ${this.#failure.message}`)
    if (this.#process.exitCode !== null) throw new Error(`${this.#path} has exited: ${this.#text}`)
    return this.#text
  }

  /** Calls the listener with each error that no page has caught. */
  listen(listener: (line: string) => void): void {
    this.#process.stdout?.on('data', (text: string) => {
      for (const line of text.split('\n')) if (/CONSOLE JS ERROR/.test(line)) listener(line)
    })
  }
}

/** The outcome of a script, in the page. */
interface Outcome {
  readonly text?: string
  readonly error?: string
}

class WebKitPage implements DrivenPage {
  readonly #browser: WebKit
  readonly #handle: string
  readonly #listeners: ((error: Error) => void)[] = []
  #lastScript = 0
  #isClosed = false

  constructor(browser: WebKit, handle: string) {
    this.#browser = browser
    this.#handle = handle
  }

  goto(url: string): Promise<unknown> {
    return this.#browser.in(this.#handle, 'POST', '/url', { url })
  }

  reload(): Promise<unknown> {
    return this.#browser.in(this.#handle, 'POST', '/refresh', {})
  }

  goBack(): Promise<unknown> {
    return this.#browser.in(this.#handle, 'POST', '/back', {})
  }

  async evaluate<R, A>(run: (argument: A) => R | Promise<R>, argument?: A): Promise<R> {
    const name = `isock script ${++this.#lastScript}`
    const script = `
      const [name, given] = arguments
      const run = async (given) => JSON.stringify({ value: await (${run})(given && JSON.parse(given)) })
      globalThis[name] = {}
      run(given ?? undefined).then(
        (text) => { globalThis[name] = { text } },
        (error) => { globalThis[name] = { error: String(error) } },
      )`
    await this.#execute(script, [name, JSON.stringify(argument)])
    const { text = '{}', error } = await waitFor(() => this.#outcomeOf(name), { timeoutMs: 60_000 })
    if (error !== undefined) throw new Error(`in the page: ${error}`)
    return JSON.parse(text).value as R
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
    this.#browser.forget(this)
    await this.#browser.in(this.#handle, 'DELETE', '/window')
  }

  async #outcomeOf(name: string): Promise<Outcome | undefined> {
    if (this.#isClosed) return { error: 'it is closed' }
    const outcome = (await this.#execute('return globalThis[arguments[0]] ?? null', [name])) as Outcome | null
    if (outcome === null) return { error: 'it was left' }
    return outcome.text === undefined && outcome.error === undefined ? undefined : outcome
  }

  #execute(script: string, args: unknown[]): Promise<unknown> {
    return this.#browser.in(this.#handle, 'POST', '/execute/sync', { script, args })
  }
}

/** The driver takes no 0, and does not say where it listens. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
