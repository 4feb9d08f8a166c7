// A page that goes on in its session after a reload, and a duplicated tab, which does not.
import { expect } from 'chai'
import type { Client as BrowserClient } from '../../lib/browser.ts'
import { type Clock, platformClock } from '../../lib/core/base/clock.ts'
import { Channel, type Member } from '../../lib/index.ts'
import { type BrowserKind, browsers, type DrivenBrowser, launchOrSkip } from '../setup/browsers.ts'
import { longDescribe } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { BrowserWorld, PageFiles } from './browser-world.ts'
import type * as shared from './page-actions.ts'

interface PageGlobals {
  readonly isock: typeof shared & { Client: typeof BrowserClient }
  readonly sessionStorage: Storage
}
interface Storage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}
/** What page.ts puts into the page. */
declare const isock: PageGlobals['isock']
declare const sessionStorage: Storage
declare const location: { href: string }
declare function open(url: string): PageGlobals | null
declare const kept: { client: BrowserClient; [name: string]: unknown }

class Lobby extends Channel<string> {
  static override channelName = 'Lobby'
  readonly heard: string[] = []

  override onJoin({ session }: Member): void {
    this.heard.push(`join ${session}`)
  }

  override onLeave({ session }: Member): void {
    this.heard.push(`leave ${session}`)
  }
}

/** The graces of the server last ten times as long: on a busy machine a browser takes seconds to load a page again. */
const slowClock: Clock = {
  now: () => platformClock.now() / 10,
  setTimer: (run, delayMs) => platformClock.setTimer(run, delayMs * 10),
}

longDescribe('A page with option resume', function () {
  this.timeout(120_000)
  const files = new PageFiles()

  before(async function () {
    if (process.env['CI'] !== 'true' && browsers.every((kind) => kind.find() === undefined))
      skip(this, browsers.map(({ howToGet }) => howToGet).join('; '))
    await files.write()
  })

  after(() => files.remove())

  for (const kind of browsers) describe(`in ${kind.name}`, () => specsIn(kind, files))
})

function specsIn(kind: BrowserKind, files: PageFiles): void {
  let browser: DrivenBrowser
  let world: BrowserWorld
  let lobby: Lobby

  before(async function () {
    browser = await launchOrSkip(this, kind)
  })

  beforeEach(async () => {
    world = await new BrowserWorld(browser, files, { clock: slowClock }).open()
    lobby = new Lobby()
    world.server.addChannel(lobby)
  })

  afterEach(() => world?.close())

  after(() => browser?.close())

  const openClient = () => {
    kept.client = new isock.Client({ resume: sessionStorage })
    return kept.client.connect().then(() => kept.client.sessionId)
  }

  it('goes on in its session when it is reloaded, stays present, and leaves nothing running', async () => {
    const page = await world.page()
    const id = await page.evaluate(openClient)
    await page.evaluate(async () => {
      kept.client.runAction(isock.Stay).outcome()
      await kept.client.subscribe('Lobby', () => undefined).ready
    })
    await waitFor(() => world.stay.signals.length === 1)
    await page.reload()
    await page.waitForFunction(() => 'isock' in globalThis)
    expect(await page.evaluate(openClient)).to.equal(id)
    await waitFor(() => world.stay.signals[0]?.aborted === true)
    await page.evaluate(() => kept.client.subscribe('Lobby', () => undefined).ready)
    expect(await page.evaluate(() => kept.client.runAction(isock.Echo, 'hi'))).to.equal('hi')
    expect(lobby.heard).to.deep.equal([`join ${id}`])
    expect(world.server.sessions.map((session) => session.id)).to.deep.equal([id])
  })

  // Only WebKit keeps a page with an open WebSocket for its back button, as Safari does.
  if (kind.name === 'WebKit')
    it('gets a session of its own when it is shown again after the next page has taken its session', async () => {
      const page = await world.page()
      const id = await page.evaluate(openClient)
      await page.goto(`${world.url}/?next`)
      await page.waitForFunction(() => 'isock' in globalThis)
      await waitFor(() => world.server.sessions[0]?.isConnected === false)
      expect(await page.evaluate(openClient)).to.equal(id)
      await page.goBack()
      await page.waitForFunction(() => kept.client !== undefined && !location.href.includes('next'))
      const [answer, own] = await page.evaluate(async () => [
        await kept.client.runAction(isock.Echo, 'hi'),
        kept.client.sessionId,
      ])
      expect(answer).to.equal('hi')
      expect(own).to.not.equal(id)
    })

  it('has a session of its own where it is a copy of another one', async () => {
    const page = await world.page()
    const id = await page.evaluate(openClient)
    const [copied, other] = await page.evaluate(async () => {
      const key = `isock.session ${location.href.replace('http', 'ws').replace(/\/$/, '')}/isock`
      const copy = new Map(Object.entries(sessionStorage))
      const copied = { getItem: (name: string) => copy.get(name) ?? null, setItem() {}, removeItem() {} }
      // A browser that opens no tabs without its user's click: as if it had.
      const tab = open(location.href) ?? { isock, sessionStorage: copied }
      while (tab.isock === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
      const text = tab.sessionStorage.getItem(key)
      const client = new tab.isock.Client({ resume: tab.sessionStorage })
      await client.connect()
      return [text, client.sessionId]
    })
    expect(copied).to.contain(id)
    expect(other)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(id)
    expect(await page.evaluate(() => kept.client.runAction(isock.Echo, 'hi'))).to.equal('hi')
    expect(await page.evaluate(() => kept.client.sessionId)).to.equal(id)
    expect(world.server.sessions).to.have.length(2)
  })
}
