// The window: a headless Chromium that somebody clicks through.
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = process.env['ISOCK_CHROMIUM'] || places.find((place) => existsSync(place))
const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const patienceMs = 20_000

/** Why there is no window, and what to do; undefined: there is one. */
export const missingBrowser =
  executablePath !== undefined && existsSync(executablePath)
    ? undefined
    : `there is no Chromium${executablePath === undefined ? '' : ` at ${executablePath}`}: install it (apt-get install chromium), or set ISOCK_CHROMIUM to its path`

export class AppWindow {
  readonly page: Page
  readonly #browser: Browser

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser
    this.page = page
  }

  static async open(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<AppWindow> {
    const browser = await chromium.launch({
      executablePath: executablePath as string,
      args: quiet,
      timeout: patienceMs,
    })
    const page = await browser.newPage({ viewport: { width: 1040, height: 745 }, colorScheme, locale: 'en-GB' })
    page.setDefaultTimeout(patienceMs)
    // What fails in the page fails the example.
    page.on('pageerror', (error) => {
      throw error
    })
    const window = new AppWindow(browser, page)
    await page.goto(url)
    await window.sees('#state', 'connected')
    return window
  }

  /** Waits until an element has a text, and gives the whole. */
  async sees(selector: string, text: string): Promise<string> {
    const element = this.page.locator(selector).filter({ hasText: text }).first()
    await element.waitFor()
    return ((await element.textContent()) ?? '').trim().replace(/\s+/g, ' ')
  }

  async counter(): Promise<number> {
    return Number(await this.page.locator('#counter').textContent())
  }

  /** Waits until the counter has passed this. */
  async seesCounterAbove(value: number): Promise<number> {
    await this.page.waitForFunction(`Number(document.querySelector('#counter').textContent) > ${value}`)
    return this.counter()
  }

  /** As with the window's own button: the page has no time to say anything. */
  close(): Promise<void> {
    return this.#browser.close()
  }
}
