// The client in real browsers: calls, errors, values, bytes both ways, streams, channels over a cut, a reload.
import { join } from 'node:path'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import type { Client as BrowserClient } from '../../lib/browser.ts'
import { type BrowserKind, browsers, type DrivenBrowser, type DrivenPage, launchOrSkip } from '../setup/browsers.ts'
import { longDescribe } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { BrowserWorld, PageFiles } from './browser-world.ts'
import type * as shared from './page-actions.ts'
import { Login, News } from './page-actions.ts'

/** What page.ts puts into the page. */
declare const isock: typeof shared & { Client: typeof BrowserClient }
/** What a page keeps between two looks of a spec. */
declare const document: { title: string }
declare class Worker {
  constructor(url: string, options: { type: 'module' })
  onmessage: (event: { data: unknown }) => void
  onerror: (event: { message: string }) => void
}
declare const kept: { client: BrowserClient; [name: string]: unknown }

longDescribe('The client in a browser', function () {
  this.timeout(120_000)
  const files = new PageFiles()

  before(async () => {
    if (process.env['CI'] === 'true' || browsers.some((kind) => kind.find() !== undefined)) await files.write()
  })

  after(() => files.remove())

  for (const kind of browsers) describe(`which is ${kind.name}`, () => specsIn(kind, files))
})

function specsIn(kind: BrowserKind, files: PageFiles): void {
  let browser: DrivenBrowser
  let world: BrowserWorld
  let page: DrivenPage

  before(async function () {
    browser = await launchOrSkip(this, kind)
  })

  beforeEach(async () => {
    // Firefox ends a page before its goodbye is out, and WebKit keeps one that may come back: there, code 1001 says that it has gone.
    const soon = kind.name !== 'Chromium' ? { closedLinkGraceMs: 300, leftPageLeaseMs: 600 } : {}
    world = await new BrowserWorld(browser, files, { limits: { sessionLeaseMs: 60_000, ...soon } }).open()
    page = await world.page()
    await page.evaluate(() => {
      kept.client = new isock.Client({ backoff: { minMs: 20, maxMs: 200 } })
    })
  })

  afterEach(async () => {
    await world?.close()
  })

  after(async () => {
    await browser?.close()
  })

  it('runs an action, and finds the server by where its page came from', async () => {
    expect(await page.evaluate(() => kept.client.runAction(isock.Echo, 'hi'))).to.equal('hi')
    expect(world.server.sessions[0]?.peer?.transport).to.equal('websocket')
  })

  it('gives back a Map, a Date, a Set, a bigint and bytes as themselves', async () => {
    const kinds = await page.evaluate(async () => {
      const sent = {
        map: new Map([['at', new Date(5)]]),
        set: new Set([1]),
        big: 12n,
        bytes: new Uint8Array([1, 2, 255]),
      }
      const got = (await kept.client.runAction(isock.Echo, sent)) as typeof sent
      const at = got.map.get('at') as Date
      return [
        got.map instanceof Map,
        at instanceof Date,
        at.getTime(),
        got.set instanceof Set,
        [...got.set],
        String(got.big),
        [...got.bytes],
      ]
    })
    expect(kinds).to.deep.equal([true, true, 5, true, [1], '12', [1, 2, 255]])
  })

  it('throws what the action threw, as its own class', async () => {
    const seen = await page.evaluate(async () => {
      const { ok, error } = (await kept.client.runAction(isock.Refuse, 3).outcome()) as {
        ok: boolean
        error: shared.Refused
      }
      return [ok, error instanceof isock.Refused, error.left, error.message, error.name]
    })
    expect(seen).to.deep.equal([false, true, 3, 'only 3 left', 'Refused'])
  })

  it('lists no stack among the fields of an error that came from the server', async () => {
    const names = await page.evaluate(async () => {
      const errors = [
        await kept.client.runAction(isock.Refuse, 3).outcome(),
        await kept.client.runAction('Nothing').outcome(),
      ]
      return errors.flatMap((outcome) => Object.keys((outcome as unknown as { error: Error }).error))
    })
    expect(names).to.include('code')
    expect(names).to.not.include('stack')
  })

  it('throws with the lines of the program that made the call', async () => {
    const seen = await page.evaluate(async () => {
      const stacks: string[] = []
      async function runsInVain(what: unknown, ...given: unknown[]) {
        try {
          await kept.client.runAction(what as typeof isock.Refuse, ...(given as [number]))
        } catch (error) {
          stacks.push((error as Error).stack ?? '')
        }
      }
      await runsInVain(isock.Refuse, 3)
      await runsInVain('Nothing')
      return stacks
    })
    for (const stack of seen) expect(stack).to.contain('runsInVain')
    // In any engine the first line says what happened, as in a browser's own console.
    expect(seen[0]).to.match(/^Refused: only 3 left\n/)
    expect(seen[1]).to.match(/^ServerError: .*Nothing/)
  })

  it("names isock's own errors, minified as it is", async () => {
    const seen = await page.evaluate(async () => {
      const { error } = (await kept.client.runAction('Nothing').outcome()) as { error: Error & { code: string } }
      return [error.name, error.code]
    })
    expect(seen).to.deep.equal(['ServerError', 'UNKNOWN_ACTION'])
  })

  it('uploads and downloads megabytes', async () => {
    const seen = await page.evaluate(async () => {
      const length = 5_000_000
      async function* pieces() {
        for (let at = 0; at < length; at += 100_000) yield new Uint8Array(100_000).fill(3)
      }
      const up = await kept.client.runAction(isock.Upload, pieces())
      let down = 0
      for await (const piece of kept.client.runAction(isock.Download, length)) down += piece.length
      const whole = (await kept.client.runAction(isock.Echo, new Uint8Array(2_000_000).fill(9))) as Uint8Array
      return { up, down, whole: whole.length, last: whole.at(-1) }
    })
    expect(seen).to.deep.equal({
      up: { length: 5_000_000, sum: 15_000_000 % 65_521 },
      down: 5_000_000,
      whole: 2_000_000,
      last: 9,
    })
  })

  it('uploads a Blob, a File and a ReadableStream, alone and beside other data', async () => {
    const seen = await page.evaluate(async () => {
      const bytes = () => new Uint8Array(1_000_000).fill(2)
      const streamed = () =>
        new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(bytes())
            controller.close()
          },
        })
      const file = new File([bytes()], 'numbers.bin')
      const sums: unknown[] = []
      for (const data of [new Blob([bytes(), bytes()]), file, streamed()])
        sums.push(await kept.client.runAction('Upload', data))
      let sent = 0
      const call = kept.client.runAction('UploadNamed', { name: file.name, pieces: file })
      call.onProgress((progress) => {
        sent = progress.sent.bytes
      })
      return [...sums, await call, sent]
    })
    const million = { length: 1_000_000, sum: 2_000_000 % 65_521 }
    const two = { length: 2_000_000, sum: 4_000_000 % 65_521 }
    expect(seen.slice(0, -1)).to.deep.equal([two, million, million, { name: 'numbers.bin', length: 1_000_000 }])
    // Of the encoded items.
    expect(seen.at(-1)).to.be.at.least(1_000_000)
  })

  it('iterates a stream, and cancels one', async () => {
    const seen = await page.evaluate(async () => {
      const call = kept.client.runAction(isock.Count, 5)
      const items: number[] = []
      for await (const n of call) items.push(n)
      const endless = kept.client.runAction(isock.Count, 1e9)
      for await (const n of endless) if (n === 100) break
      const { ok } = await endless.outcome()
      return { items, result: await call, ok }
    })
    expect(seen).to.deep.equal({ items: [1, 2, 3, 4, 5], result: 'done', ok: false })
  })

  it('runs actions that the page offers', async () => {
    const answer = await page.evaluate(async () => {
      kept.client.addActions({ answer: (question: string) => `"${question}" to ${document.title}` })
      return await kept.client.runAction(isock.AskPage, 'what?')
    })
    expect(answer).to.equal('the page says "what?" to a page')
  })

  it('runs nothing twice when its way is cut in the middle of a call', async () => {
    const answer = page.evaluate(() => kept.client.runAction(isock.Tick, 'once', { retry: 10 }))
    await waitFor(() => world.tick.runs.get('once') === 1)
    world.way.cut()
    await waitFor(() => world.server.sessions[0]?.isConnected === false)
    world.way.open()
    expect(await answer).to.equal(1)
    expect(world.tick.runs.get('once')).to.equal(1)
    expect(world.server.sessions).to.have.length(1)
  })

  it('does not wait on when its browser says that there is a network again', async () => {
    await page.evaluate(async () => {
      kept.client = new isock.Client({ backoff: { minMs: 600_000, maxMs: 600_000 }, random: () => 0.9, retry: 10 })
      await kept.client.runAction(isock.Echo, 1)
      // A link that was short-lived is waited for at once.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
    })
    const answer = page.evaluate(() => kept.client.runAction(isock.Tick, 'online'))
    await waitFor(() => world.tick.runs.get('online') === 1)
    world.way.cut()
    await waitFor(() => world.server.sessions.every(({ isConnected }) => !isConnected))
    world.way.open()
    const tellOnline = () => (globalThis as unknown as EventTarget).dispatchEvent(new Event('online'))
    const online = setInterval(() => void page.evaluate(tellOnline), 200)
    try {
      expect(await answer).to.equal(1)
    } finally {
      clearInterval(online)
    }
  })

  it('gets what a channel said while its way was cut', async () => {
    await page.evaluate(async () => {
      const heard: string[] = []
      kept['heard'] = heard
      const subscription = kept.client.subscribe(isock.News, (message) => void heard.push(message))
      await subscription.ready
    })
    const channel = world.server.channel(News)
    await channel.publish('one')
    world.way.cut()
    await waitFor(() => world.server.sessions[0]?.isConnected === false)
    await channel.publish('two')
    await channel.publish('three')
    world.way.open()
    await page.waitForFunction(() => (kept['heard'] as string[]).length === 3, undefined, { timeout: 20_000 })
    expect(await page.evaluate(() => kept['heard'])).to.deep.equal(['one', 'two', 'three'])
  })

  it('gets the history again after its page was loaded anew', async () => {
    await page.evaluate(() => kept.client.connect())
    await world.server.channel(News).publish('before')
    await page.reload()
    await page.waitForFunction(() => 'isock' in globalThis)
    const first = await page.evaluate(async () => {
      const client = new isock.Client()
      for await (const message of client.subscribe(isock.News, { since: 'oldest' })) return message
      return undefined
    })
    expect(first).to.equal('before')
    // The page that went away has said goodbye.
    await waitFor(() => world.server.sessions.length === 1)
  })

  for (const how of ['reloaded', 'left'] as const) {
    it(`ends what it runs when its page is ${how}`, async () => {
      const running = page.evaluate(async () => {
        await kept.client.runAction(isock.Stay).outcome()
      })
      running.catch(() => undefined)
      await waitFor(() => world.stay.signals.length === 1)
      if (how === 'reloaded') await page.reload()
      else await page.goto('about:blank')
      await waitFor(() => world.stay.signals[0]?.aborted === true)
      await waitFor(() => world.server.sessions.length === 0)
    })
  }

  const continues = async (): Promise<void> => {
    const left = await new BrowserWorld(browser, files).open()
    try {
      const visitor = await left.page()
      const id = await visitor.evaluate(async () => {
        const heard: string[] = []
        kept['heard'] = heard
        kept.client = new isock.Client()
        await kept.client.subscribe(isock.News, (message) => void heard.push(message)).ready
        return kept.client.sessionId
      })
      await visitor.goto('about:blank')
      await waitFor(() => left.server.sessions[0]?.isConnected === false)
      await left.server.channel(News).publish('missed')
      await visitor.goBack()
      await visitor.waitForFunction(() => (kept['heard'] as string[]).length === 1)
      const seen = await visitor.evaluate(async () => [
        kept.client.sessionId,
        await kept.client.runAction(isock.Echo, 'hi'),
        kept['heard'],
      ])
      expect(seen).to.deep.equal([id, 'hi', ['missed']])
    } finally {
      await left.close()
    }
  }
  // Playwright switches this off in Chromium, and Firefox keeps no page that has an open WebSocket.
  if (kind.name === 'WebKit')
    it('continues in its session when its page was left, kept by the browser and shown again', continues)

  for (const how of ['reloaded', 'closed'] as const)
    it(`closes its WebSocket with 1001 where it has no time for a goodbye (${how})`, async () => {
      const short = await new BrowserWorld(browser, files, {
        limits: { closedLinkGraceMs: 50, leftPageLeaseMs: 100 },
      }).open()
      try {
        const visitor = await short.page()
        const running = visitor.evaluate(async () => {
          // Before the client's own listener: its page does not hear that it is over.
          const place = globalThis as unknown as EventTarget
          place.addEventListener('pagehide', (event) => event.stopImmediatePropagation())
          await new isock.Client().runAction(isock.Stay).outcome()
        })
        running.catch(() => undefined)
        await waitFor(() => short.stay.signals.length === 1)
        if (how === 'reloaded') await visitor.reload()
        else await visitor.close()
        await waitFor(() => short.server.sessions.length === 0)
        expect(short.stay.signals[0]?.reason.message).to.contain('did not come back within')
      } finally {
        await short.close()
      }
    })

  it('shows its credentials in the first frame, and says so when they are wrong', async () => {
    const guarded = await new BrowserWorld(browser, files, { guards: [new Login()] }).open()
    try {
      const visitor = await guarded.page()
      const seen = await visitor.evaluate(async () => {
        const run = async (name: string) => {
          const client = new isock.Client({ credentials: [isock.Login.credential({ name })], retry: 0 })
          const outcome = await client.runAction(isock.Echo, name).outcome()
          await client.close()
          return outcome.ok ? outcome.value : (outcome.error as Error).name
        }
        return [await run('ada'), await run('eve')]
      })
      expect(seen).to.deep.equal(['ada', 'AuthError'])
    } finally {
      await guarded.close()
    }
  })

  it('is refused where its origin is not let in: its calls, its connecting and its subscriptions, for good', async () => {
    const other = await new BrowserWorld(browser, files).open({ origins: ['https://example.org'] })
    try {
      const visitor = await world.page()
      const seen = await visitor.evaluate(
        async (address) => {
          const client = new isock.Client(address)
          const errorOf = (promise: PromiseLike<unknown>) =>
            promise.then(
              () => 'let in',
              ({ name, message }: Error) => `${name}: ${message}`,
            )
          const subscription = client.subscribe(isock.News)
          const { ready, done } = subscription
          return await Promise.all(
            [client.runAction(isock.Echo, 1), client.connect(), ready, done].map((each) => errorOf(each)),
          )
        },
        other.url.replace('http', 'ws'),
      )
      for (const error of seen) expect(error).to.match(/^AuthError: .*origin are not allowed.*option origins/)
      expect(other.server.sessions).to.have.length(0)
    } finally {
      await other.close()
    }
  })

  it('says immediately that the policy of its page, or https, keeps it from the server', async () => {
    const ask = async (at: Pick<DrivenPage, 'evaluate'>) =>
      await at.evaluate(async () => {
        const began = performance.now()
        const outcome = await new isock.Client('ws://elsewhere.invalid:1').runAction(isock.Echo, 1).outcome()
        const message = outcome.ok ? '' : (outcome.error as Error).message
        return [message, performance.now() - began < 4_000]
      })
    await page.goto(`${world.url}/policy.html`)
    await page.waitForFunction(() => 'isock' in globalThis)
    const [blocked, wasSoon] = await ask(page)
    expect(blocked).to.contain('connect-src').and.contain('ws://elsewhere.invalid:1')
    expect(wasSoon).to.equal(true)
    // The other part needs playwright's own page.
    if (kind.name !== 'Chromium') return
    const own = page as unknown as Page
    const secure = await own.context().browser()?.newContext({ ignoreHTTPSErrors: true })
    const secured = await (secure as NonNullable<typeof secure>).newPage()
    try {
      await secured.route('https://page.test/**', async (route) => {
        const { pathname } = new URL(route.request().url())
        await route.fulfill({ path: join(files.directory, pathname) })
      })
      await secured.goto('https://page.test/index.html')
      await secured.waitForFunction(() => 'isock' in globalThis)
      expect((await ask(secured))[0]).to.contain('https needs wss://')
    } finally {
      await secure?.close()
    }
  })

  it("hands what handlers, onReconnect and the page's own actions threw to reportError", async () => {
    await page.evaluate(async () => {
      const errors: string[] = []
      kept['errors'] = errors
      const place = globalThis as unknown as EventTarget
      place.addEventListener('error', (event) => {
        event.preventDefault()
        errors.push((event as Event & { error: Error }).error.message)
      })
      const handler = () => {
        throw new TypeError('in a handler')
      }
      kept.client.addActions({
        answer: () => {
          throw new TypeError('in an own action')
        },
      })
      await kept.client.subscribe(isock.News, handler).ready
      await kept.client.runAction(isock.AskPage, 'what?').outcome()
    })
    await world.server.channel(News).publish('one')
    await page.waitForFunction(() => (kept['errors'] as string[]).length === 2)
    expect(await page.evaluate(() => kept['errors'])).to.have.members(['in a handler', 'in an own action'])
  })

  it('leaves its page turns while its handlers work', async () => {
    await page.evaluate(() => kept.client.connect())
    for (let n = 0; n < 100; n++) await world.server.channel(News).publish(String(n))
    const seen = await page.evaluate(async () => {
      const heard: string[] = []
      let [inTurn, most] = [0, 0]
      const turn = () => {
        inTurn = 0
        if (heard.length < 100) setTimeout(turn, 0)
      }
      turn()
      await new Promise<void>((resolve) => {
        const handler = (message: string) => {
          const endsAtMs = performance.now() + 3
          while (performance.now() < endsAtMs);
          most = Math.max(most, ++inTurn)
          if (heard.push(message) === 100) resolve()
        }
        kept.client.subscribe(isock.News, handler, { since: 'oldest' })
      })
      return { heard, most }
    })
    expect(seen.heard).to.deep.equal(Array.from({ length: 100 }, (_, n) => String(n)))
    expect(seen.most).to.be.at.most(20)
  })

  it('does not try for ever, and does not hang its page, where its own dial is broken', async () => {
    const error = await page.evaluate(async () => {
      const dial = () => Promise.reject(new TypeError('x is not a function'))
      const outcome = await new isock.Client('ws://localhost:1', { dial }).runAction(isock.Echo, 1).outcome()
      return outcome.ok ? '' : String((outcome.error as Error).message)
    })
    expect(error).to.contain('x is not a function')
  })

  it('runs in a worker too', async () => {
    const said = await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/worker.js', { type: 'module' })
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = ({ message }) => reject(new Error(message))
        }),
    )
    expect(said).to.equal('from a worker')
  })

  it('goes to addresses as links of its page do: relative ones, those of http, and URL objects, below a path too', async () => {
    const below = await new BrowserWorld(browser, files).open({ path: '/app/isock' })
    try {
      const visitor = await below.page()
      const answers = await visitor.evaluate(async () => {
        const place = globalThis as unknown as { location: { href: string; pushState?: unknown } }
        const history = globalThis as unknown as {
          history: { pushState(state: null, title: string, url: string): void }
        }
        history.history.pushState(null, '', '/app/page')
        const { href } = place.location
        const addresses = [
          './isock',
          'isock',
          '/app/isock',
          new URL('isock', href),
          new URL('isock', href).href,
          new URL('isock', href.replace('http', 'ws')),
          ['./isock', '/elsewhere'],
        ]
        const run = async (address: (typeof addresses)[number]) => {
          const client = new isock.Client(address)
          const outcome = await client.runAction(isock.Echo, 'hi').outcome()
          await client.close()
          return outcome.ok ? outcome.value : String(outcome.error)
        }
        return await Promise.all(addresses.map(run))
      })
      expect(answers).to.deep.equal(answers.map(() => 'hi'))
      const refused = await visitor.evaluate(() => {
        try {
          new isock.Client(new URL('ftp://h/isock'))
          return ''
        } catch (error) {
          return String(error)
        }
      })
      expect(refused).to.contain('option address')
    } finally {
      await below.close()
    }
  })

  it('takes no addresses that a browser cannot reach', async () => {
    const errors = await page.evaluate(() =>
      ['tcp://127.0.0.1:1', 'localhost:4440', 'unix:/a', new URL('ftp://h/isock')].map((address) => {
        try {
          new isock.Client(address)
          return ''
        } catch (error) {
          return String(error)
        }
      }),
    )
    for (const error of errors) expect(error).to.contain("option address: expected 'ws://host:port'")
  })
}
