// The chat's page in a browser: what it says while the server is away, what it does with what people write, and how it reads.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client } from 'isock'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { type RunningChat, startChat } from '../../examples/chat/chat-server.ts'
import { bundlePage, type PageBundle } from '../../examples/chat/page-bundle.ts'
import { CreateChatMessage, Public } from '../../examples/chat/shared.ts'
import { findChromium, howToGetChromium, launchChromium } from '../setup/chromium.ts'
import { longDescribe } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { enlarge, overflowOf, violationsOf, windows } from './axe.ts'

const password = 'analytical engine'
const timeout = 20_000
const longName = 'a.name.that.is.longer.than.any.column.of.this.page.will.ever.be'

longDescribe("The chat's page", function () {
  this.timeout(120_000)
  let browser: Browser
  let bundle: PageBundle
  let directory: string
  let chat: RunningChat
  const contexts: BrowserContext[] = []
  const programs: Client[] = []

  before(async function () {
    const path = findChromium()
    if (path === undefined && process.env['CI'] !== 'true') skip(this, howToGetChromium)
    bundle = await bundlePage()
    browser = await launchChromium(path ?? 'chromium')
  })

  after(async () => {
    await browser?.close()
    bundle?.[Symbol.dispose]()
  })

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'isock-chat-page-'))
    chat = await startChat(directory, bundle.directory)
  })

  afterEach(async () => {
    for (const program of programs.splice(0)) await program.close()
    for (const context of contexts.splice(0)) await context.close()
    await chat[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  const stop = () => chat[Symbol.asyncDispose]()
  const startAgain = async (): Promise<void> => {
    chat = await startChat(directory, bundle.directory, Number(new URL(chat.url).port))
  }

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ locale: 'en-GB', ...options })
    contexts.push(context)
    context.setDefaultTimeout(timeout)
    const page = await context.newPage()
    await page.goto(chat.url)
    await page.waitForSelector('#welcome:not([hidden])')
    return page
  }

  async function fillIn(page: Page, name: string, secret = password): Promise<void> {
    await page.fill('[name=email]', `${name}@example.org`)
    await page.fill('[name=password]', secret)
  }

  async function register(page: Page, name = 'ada'): Promise<Page> {
    await fillIn(page, name)
    await page.click('[value=Register]')
    await page.waitForSelector('#chat:not([hidden])')
    return page
  }

  async function write(page: Page, content: string): Promise<void> {
    await page.fill('[name=content]', content)
    await page.press('[name=content]', 'Enter')
  }

  async function clientOf(name: string): Promise<Client> {
    const value = { email: `${name}@example.org`, password }
    const client = new Client(chat.address, { credentials: [{ guard: 'Register', value }] })
    programs.push(client)
    await client.connect()
    return client
  }

  /** A program with an account of its own, that writes what it is given. */
  async function program(name: string): Promise<(content: string) => Promise<unknown>> {
    const client = await clientOf(name)
    return (content) => client.runAction(CreateChatMessage, { channel: 'Public', content })
  }

  const shown = (page: Page) => page.locator('#lines .message .content').allTextContents()
  const sees = (page: Page, content: string) => page.locator('#lines .content', { hasText: content }).waitFor()
  const says = (page: Page, selector: string, text: string | RegExp) =>
    page.locator(selector).filter({ hasText: text }).waitFor()
  const focused = (page: Page) => page.evaluate('document.activeElement.name ?? document.activeElement.id')

  describe('signing in', () => {
    it('happens once for two clicks, and leads into the field', async () => {
      const page = await open()
      await fillIn(page, 'ada')
      await page.dblclick('[value=Register]')
      await says(page, '#empty', 'No messages yet')
      expect(await page.isVisible('#welcome')).to.equal(false)
      expect(await page.textContent('#refusal')).to.equal('')
      expect(await focused(page)).to.equal('content')
      await page.reload()
      await says(page, '#empty', 'No messages yet')
    })

    it('tells its rule before, says in a sentence what is wrong, and can be tried again', async () => {
      const page = await register(await open())
      await page.click('#leave')
      await page.waitForSelector('#welcome:not([hidden])')
      expect(await page.textContent('#rule')).to.equal('8 characters or more.')
      await fillIn(page, 'ada', 'something else')
      await page.click('[value=Login]')
      await says(page, '#refusal', 'The e-mail or the password is wrong.')
      await page.waitForFunction('document.activeElement.name === "email"')
      await fillIn(page, 'ada')
      await page.click('[value=Login]')
      await page.waitForSelector('#chat:not([hidden])')
    })

    it('is kept where only the connection failed, and given up where the server refused it', async () => {
      const page = await register(await open())
      let isCut = true
      await page.routeWebSocket(/isock/, (socket) => void (isCut ? socket.close() : socket.connectToServer()))
      await page.reload()
      await says(page, '#banner', 'trying again')
      await says(page, '#empty', 'Loading messages …')
      expect(await page.evaluate('sessionStorage.length')).to.equal(1)
      isCut = false
      await says(page, '#empty', 'No messages yet')
      // Another server knows nothing of the token of this one.
      await stop()
      await startAgain()
      await page.reload()
      await says(page, '#refusal', 'You have been signed out.')
      expect(await page.evaluate('sessionStorage.length')).to.equal(0)
    })
  })

  describe('while the server is away', () => {
    it('says so, shows what is written as not sent, and sends it in order when the server is back', async () => {
      const page = await register(await open())
      await write(page, 'before')
      await sees(page, 'before')
      await stop()
      await says(page, '#banner', 'Connection lost, trying again …')
      const dot = "getComputedStyle(document.querySelector('#members li'), '::before').backgroundColor"
      expect(await page.evaluate(dot)).to.equal('rgba(0, 0, 0, 0)')
      for (const content of ['one', 'two', 'three']) await write(page, content)
      expect(await page.locator('.pending .content').allTextContents()).to.deep.equal(['one', 'two', 'three'])
      await says(page, '.pending:last-child .status', 'Not sent yet')
      expect(await violationsOf(page)).to.deep.equal([])
      await startAgain()
      await sees(page, 'three')
      await page.waitForFunction("document.querySelector('#banner').textContent === ''")
      expect(await shown(page)).to.deep.equal(['before', 'one', 'two', 'three'])
      expect(await page.locator('#pending li').count()).to.equal(0)
      expect(await page.evaluate(dot)).to.not.equal('rgba(0, 0, 0, 0)')
    })

    it('fetches what was written meanwhile', async () => {
      const page = await register(await open())
      await stop()
      await says(page, '#banner', 'Connection lost')
      await page.context().setOffline(true)
      await startAgain()
      await (await program('bob'))('nobody heard this')
      await page.context().setOffline(false)
      await sees(page, 'nobody heard this')
    })

    it('says where the account is not accepted any more, and offers to sign in', async () => {
      const page = await register(await open())
      await stop()
      rmSync(directory, { recursive: true })
      await startAgain()
      await says(page, '#banner', 'You have been signed out.')
      expect(await page.isDisabled('[name=content]')).to.equal(true)
      await page.click('#banner button')
      await page.waitForSelector('#welcome:not([hidden])')
    })
  })

  describe('messages', () => {
    it('arrive in the order in which they were written, hundreds at once', async () => {
      const page = await register(await open())
      await page.evaluate(`
        const field = document.querySelector('[name=content]')
        for (let n = 0; n < 300; n++) {
          field.value = 'message ' + n
          field.form.requestSubmit()
        }`)
      await waitFor(async () => (await page.locator('#pending li').count()) === 0, { timeoutMs: 40_000 })
      expect(await shown(page)).to.deep.equal(Array.from({ length: 300 }, (_, n) => `message ${n}`))
    })

    it('are sent when the one before has its answer', async () => {
      const page = await open()
      const held: (() => void)[] = []
      let isHeld = false
      let sent = ''
      await page.routeWebSocket(/isock/, (socket) => {
        const server = socket.connectToServer()
        socket.onMessage((message) => {
          sent += String(message)
          server.send(message)
        })
        server.onMessage((message) => {
          if (isHeld) held.push(() => socket.send(message))
          else socket.send(message)
        })
      })
      await page.reload()
      await register(page)
      isHeld = true
      for (const content of ['the first', 'the second']) await write(page, content)
      await waitFor(() => sent.includes('the first') && held.length > 0, { timeoutMs: timeout })
      expect(sent).to.not.include('the second')
      isHeld = false
      for (const release of held) release()
      await sees(page, 'the second')
      expect(await shown(page)).to.deep.equal(['the first', 'the second'])
    })

    it('that come while one reads further up are counted, and one of our own leads to the end', async () => {
      const page = await open({ viewport: { width: 800, height: 500 } })
      const bob = await program('bob')
      for (let n = 0; n < 40; n++) await bob(`message ${n}`)
      await register(page)
      await sees(page, 'message 39')
      const end =
        "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(document.querySelector('#scroller'))"
      const isAtEnd = () => waitFor(async () => Number(await page.evaluate(end)) < 2, { what: 'the end of the list' })
      await isAtEnd()
      await page.evaluate("document.querySelector('#scroller').scrollTop = 0")
      await page.waitForFunction(`${end} > 500`)
      await bob('one more')
      await says(page, '#jump', /^1 new message$/)
      await bob('and another')
      await says(page, '#jump', /^2 new messages$/)
      expect(await page.evaluate("document.querySelector('#scroller').scrollTop")).to.equal(0)
      await page.focus('#jump')
      await page.keyboard.press('Enter')
      await isAtEnd()
      await page.waitForSelector('#jump', { state: 'hidden' })
      expect(await focused(page)).to.equal('scroller')
      await page.keyboard.press('Home')
      await page.waitForFunction(`${end} > 500`)
      await write(page, 'from here')
      await isAtEnd()
    })

    it('stand under their author and day, with our own marked', async () => {
      const bob = await program('bob')
      const now = Date.now
      Date.now = () => now() - 24 * 3_600_000
      await bob('yesterday').finally(() => {
        Date.now = now
      })
      for (const content of ['today', 'and then']) await bob(content)
      const page = await register(await open())
      await write(page, 'mine')
      await sees(page, 'mine')
      const looks = await page
        .locator('#lines .message')
        .evaluateAll((items) =>
          items.map((item) => ['.day', '.head', '.content'].map((each) => item.querySelector(each).offsetHeight > 4)),
        )
      expect(looks).to.deep.equal([
        [true, true, true],
        [true, true, true],
        [false, false, true],
        [false, true, true],
      ])
      expect(await page.locator('.own .content').allTextContents()).to.deep.equal(['mine'])
    })

    it('that are refused say why, and can be removed', async () => {
      const page = await register(await open())
      await page.evaluate(`
        const field = document.querySelector('[name=content]')
        field.value = 'x'.repeat(2_001)
        field.form.requestSubmit()`)
      await says(page, '.failed .status', 'A message has 1 to 2000 characters.')
      expect(await violationsOf(page)).to.deep.equal([])
      await page.click('text=Remove')
      expect(await page.locator('.failed').count()).to.equal(0)
      expect(await focused(page)).to.equal('content')
    })

    it('read from right to left where their script does', async () => {
      const page = await register(await open())
      for (const content of ['مرحبا, hello', 'hello, مرحبا']) await write(page, content)
      await sees(page, 'hello, مرحبا')
      const directions = await page.evaluate(
        "[...document.querySelectorAll('#lines .content')].map((item) => getComputedStyle(item).direction)",
      )
      expect(directions).to.deep.equal(['rtl', 'ltr'])
    })
  })

  for (const options of windows) {
    const { colorScheme, viewport } = options
    it(`fits, and axe finds nothing, at ${viewport.width} pixels and ${colorScheme}, also with text at 200 %`, async () => {
      const page = await open(options)
      const write = await program(longName)
      await write(`https://example.org/${'long'.repeat(100)}`)
      expect(await violationsOf(page)).to.deep.equal([])
      await register(page)
      await sees(page, 'longlong')
      await says(page, '#count', 'here')
      for (const size of ['100 %', '200 %']) {
        if (size === '200 %') await enlarge(page)
        expect(await overflowOf(page), size).to.equal(0)
        expect(await violationsOf(page), size).to.deep.equal([])
        for (const each of ['#leave', '[name=content]', '#composer button', '#count']) {
          const { x, y, width, height } = (await page.locator(each).boundingBox()) ?? {
            x: -1,
            y: 0,
            width: 0,
            height: 0,
          }
          expect(
            [x >= 0, x + width <= viewport.width, y + height <= viewport.height],
            `${each} at ${size}`,
          ).to.deep.equal([true, true, true])
        }
      }
    })
  }

  it('shows at 390 pixels how many are here, and who in a list that opens', async () => {
    const page = await open({ viewport: { width: 390, height: 800 } })
    await register(page)
    for (let n = 0; n < 10; n++) await (await clientOf(`${n}.${longName}`.slice(0, 64))).subscribe(Public).ready
    await says(page, '#count', '11 here')
    expect(await page.isVisible('#members')).to.equal(false)
    expect((await page.locator('aside').boundingBox())?.height).to.be.below(80)
    await page.click('#count')
    expect(await page.locator('#members li:visible').count()).to.equal(11)
    expect(await overflowOf(page)).to.equal(0)
    expect(await violationsOf(page)).to.deep.equal([])
  })
})
