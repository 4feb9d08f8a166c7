// Two people with the page open at once: each in a browser context of their own, as if on machines of their own.
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const executablePath = process.env['ISOCK_CHROMIUM'] ?? '/usr/bin/chromium'
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
const patienceMs = 15_000

/** What to do where there is no browser; undefined: there is one. */
export const missingBrowser = existsSync(executablePath)
  ? undefined
  : `there is no Chromium at ${executablePath}: install it (apt-get install chromium), or set ISOCK_CHROMIUM to its path`

export class BrowserVisit {
  readonly #browser: Browser
  readonly #url: string

  private constructor(browser: Browser, url: string) {
    this.#browser = browser
    this.#url = url
  }

  static async begin(url: string): Promise<BrowserVisit> {
    return new BrowserVisit(await chromium.launch({ executablePath, args: quiet, timeout: patienceMs }), url)
  }

  /** Opens the page for somebody, who registers. */
  async visitor(email: string): Promise<Visitor> {
    const context = await this.#browser.newContext({ viewport: { width: 960, height: 640 }, locale: 'en-GB' })
    context.setDefaultTimeout(patienceMs)
    const page = await context.newPage()
    await page.goto(this.#url)
    await page.fill('[name=email]', email)
    await page.fill('[name=password]', `the secret of ${email}`)
    await page.getByRole('button', { name: 'Register' }).click()
    await page.waitForSelector('#chat:not([hidden])')
    return new Visitor(context, page)
  }

  close(): Promise<void> {
    return this.#browser.close()
  }
}

/** Somebody in front of the page. */
export class Visitor {
  readonly page: Page
  readonly #context: BrowserContext

  constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.page = page
  }

  async write(content: string): Promise<void> {
    await this.page.fill('[name=content]', content)
    await this.page.press('[name=content]', 'Enter')
  }

  /** Waits until a message is to be seen. */
  async hears(content: string): Promise<void> {
    await this.page.locator('#lines .content', { hasText: content }).waitFor()
  }

  /** The messages on the page, as in `ada: hello`. */
  async lines(): Promise<string[]> {
    const items = await this.page.locator('#lines .message').all()
    return Promise.all(
      items.map(async (item) => {
        const [author, content] = [item.locator('.author'), item.locator('.content')]
        return `${await author.textContent()}: ${await content.textContent()}`
      }),
    )
  }

  /** Waits until exactly these are here. */
  async seesMembers(names: readonly string[]): Promise<void> {
    const wanted = JSON.stringify([...names].sort())
    const present = "JSON.stringify([...document.querySelectorAll('#members li')].map((item) => item.textContent))"
    await this.page.waitForFunction(`${present} === ${JSON.stringify(wanted)}`)
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.page.waitForSelector('#scroller[aria-busy=false]')
  }

  close(): Promise<void> {
    return this.#context.close()
  }
}
