// The desktop example's page in a browser: what it says of its connection, where the focus goes, and how it reads.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { type App, startApp } from '../../examples/desktop/app.ts'
import { findChromium, howToGetChromium, launchChromium } from '../setup/chromium.ts'
import { longDescribe } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'
import { enlarge, overflowOf, violationsOf, windows } from './axe.ts'

const timeout = 20_000

longDescribe("The desktop example's page", function () {
  this.timeout(120_000)
  let browser: Browser
  let context: BrowserContext
  let folder: string
  let app: App

  before(async function () {
    const path = findChromium()
    if (path === undefined && process.env['CI'] !== 'true') skip(this, howToGetChromium)
    browser = await launchChromium(path ?? 'chromium')
  })

  after(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isock-desktop-page-'))
    app = await startApp({ port: 0, folder, sessionMs: 60_000 })
  })

  afterEach(async () => {
    await context?.close()
    app.end()
    await app.ended
    rmSync(folder, { recursive: true })
  })

  /** A page whose connection may be cut: `network.isCut`. */
  async function open(options: BrowserContextOptions = {}, network = { isCut: false }): Promise<Page> {
    context = await browser.newContext({ locale: 'en-GB', ...options })
    context.setDefaultTimeout(timeout)
    const page = await context.newPage()
    await page.routeWebSocket(/igor/, (socket) => {
      if (network.isCut) return void socket.close({ code: 1011 })
      const server = socket.connectToServer()
      server.onMessage((message) => {
        if (!network.isCut) socket.send(message)
        else void socket.close({ code: 1011 })
      })
    })
    await page.clock.install()
    await page.goto(app.url)
    await page.waitForSelector('[data-state=open]')
    return page
  }

  const says = (page: Page, selector: string, text: string | RegExp) =>
    page.locator(selector).filter({ hasText: text }).waitFor()
  const focused = (page: Page) => page.evaluate('document.activeElement.id || document.activeElement.textContent')

  async function startJobs(page: Page, ...steps: number[]): Promise<void> {
    for (const each of steps) {
      await page.fill('#steps', String(each))
      await page.click('#start')
    }
  }

  it('says that the connection is lost, after a while that nothing answers, and comes back', async () => {
    const network = { isCut: false }
    const page = await open({}, network)
    await startJobs(page, 100_000)
    await says(page, '#jobs .note', ' of 100000')
    await page.focus('#greet')
    network.isCut = true
    await says(page, '#state', 'Connection lost, trying again …')
    const after = "getComputedStyle(document.querySelector('#jobs .note'), '::after').content"
    expect(await page.evaluate(after)).to.equal('", waiting"')
    expect(await page.isDisabled('#greet')).to.equal(true)
    await page.clock.fastForward(16_000)
    await says(page, '#state', 'The application does not answer. It may have ended.')
    await says(page, '#jobs .note', 'The connection was lost.')
    expect(await violationsOf(page)).to.deep.equal([])
    network.isCut = false
    await says(page, '#state', 'Connected')
    expect(await focused(page)).to.equal('greet')
  })

  it('says that the application has ended', async () => {
    const page = await open()
    await page.click('#quit')
    await says(page, '#state', 'Ended. You can close this window.')
  })

  it('leads the focus on from a button that goes', async () => {
    const page = await open()
    await startJobs(page, 90_000, 90_001)
    for (const [stopped, next] of ['Stop', 'start'].entries()) {
      await page.locator('#jobs button').first().focus()
      await page.keyboard.press('Enter')
      await page.waitForFunction(`document.querySelectorAll('#jobs li:not(.running)').length > ${stopped}`)
      expect(await focused(page)).to.equal(next)
    }
  })

  it('keeps long words in their card, and the direction of what is read from right to left', async () => {
    const page = await open({ viewport: { width: 390, height: 800 } })
    await page.fill('#name', 'a'.repeat(200))
    await page.click('#greet')
    await says(page, '#greeting', 'aaa')
    expect(await overflowOf(page)).to.equal(0)
    await page.fill('#text', 'مرحبا')
    expect(await page.evaluate("getComputedStyle(document.querySelector('#text')).direction")).to.equal('rtl')
  })

  it('says how long a file may be before it is sent, and why one is not saved', async () => {
    const page = await open()
    expect(await page.getAttribute('#text', 'placeholder')).to.include('64 KB')
    await page.fill('#text', 'x'.repeat(70_000))
    await page.click('#save')
    await says(page, '#saved', 'Not saved: that is more than 64 KB.')
    await page.fill('#text', 'short')
    await says(page, '#saved', 'Not saved yet')
    await page.route(/files/, (route) => route.abort())
    await page.click('#save')
    await says(page, '#saved', 'Not saved. Try again in a moment.')
    await page.unroute(/files/)
    await page.click('#save')
    await says(page, '#saved', 'Saved at')
  })

  for (const options of windows) {
    const { colorScheme, viewport } = options
    it(`fits, and axe finds nothing, at ${viewport.width} pixels and ${colorScheme}, also with text at 200 %`, async () => {
      const page = await open(options)
      await says(page, '.empty', 'No jobs yet')
      expect(await violationsOf(page)).to.deep.equal([])
      await startJobs(page, 1, 2, 3, 4, 5, 6, 99_999)
      await page.waitForFunction("document.querySelectorAll('#jobs li:not(.running)').length === 6")
      for (const size of ['100 %', '200 %']) {
        if (size === '200 %') await enlarge(page)
        expect(await overflowOf(page), size).to.equal(0)
        expect(await violationsOf(page), size).to.deep.equal([])
        const notes = "Math.min(...[...document.querySelectorAll('#jobs .note')].map((note) => note.offsetWidth))"
        expect(await page.evaluate(notes), size).to.be.above(60)
        for (const each of await page.locator('button').all()) {
          const { x = -1, width = 0 } = (await each.boundingBox()) ?? {}
          expect([x >= 0, x + width <= viewport.width], `${await each.textContent()} at ${size}`).to.deep.equal([
            true,
            true,
          ])
        }
      }
    })
  }
})
