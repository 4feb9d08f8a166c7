// Files in a page of another origin: its images and backgrounds ask without an Origin. A real browser, and each request that
// stays refused.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, get, type RequestOptions, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import type { Browser } from 'playwright-core'
import { findChromium, howToGetChromium, launchChromium } from '../../setup/chromium.ts'
import { longDescribe } from '../../setup/long.ts'
import { skip } from '../../setup/skip.ts'
import { IgorWorld } from './igor-world.ts'

/** In a page. */
declare const document: {
  querySelector(selector: string): { complete: boolean; naturalWidth: number } | null
  fonts: unknown
}

const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==', 'base64')
const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }

describe('The Igor gateway: files in pages of other origins', function () {
  this.timeout(120_000)
  let world: IgorWorld
  let root: string

  beforeEach(() => {
    world = new IgorWorld()
    root = join(world.folder, 'root')
    mkdirSync(root)
    writeFileSync(join(root, 'a.gif'), pixel)
    writeFileSync(join(root, 'b.gif'), pixel)
    writeFileSync(join(root, 'c.gif'), pixel)
    writeFileSync(join(root, 'a.js'), 'document.title = "ran"')
    writeFileSync(join(root, 'a.css'), 'em { background: url(c.gif) }')
  })

  afterEach(() => world.close())

  const start = (origins: string[], files: object = {}) =>
    world.start(() => undefined, { files: { root, write: true, ...files } }, {}, { origins })
  const ask = (path: string, headers: Record<string, string>, method = 'GET'): Promise<number> =>
    new Promise((resolve, reject) => {
      const options: RequestOptions = { method, headers, agent: false }
      const asked = method === 'GET' ? get(`${world.url}${path}`, options) : request(`${world.url}${path}`, options)
      asked.on('error', reject).on('response', (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      if (method !== 'GET') asked.end()
    })

  it('are let in where the page is of an allowed origin, and answered as ever', async () => {
    await start(['https://app.example'])
    expect(await ask('/files/a.gif', { ...image, referer: 'https://app.example/' })).to.equal(200)
    expect(await ask('/files/none.gif', { ...image, referer: 'https://app.example/' })).to.equal(404)
  })

  it('stay refused to other pages, for other purposes and at other paths', async () => {
    await start(['https://app.example'])
    const page = { ...image, referer: 'https://app.example/' }
    for (const [what, path, headers, method] of [
      ['another page', '/files/a.gif', { ...image, referer: 'https://evil.example/' }],
      ['a page that hides where it is from', '/files/a.gif', image],
      ['a script', '/files/a.js', { ...page, 'sec-fetch-dest': 'script' }],
      ['a frame', '/files/a.gif', { ...page, 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate-like' }],
      ['an upload', '/files/a.gif', { ...page, 'sec-fetch-dest': 'empty' }, 'POST'],
      ['an upload as an image', '/files/a.gif', page, 'POST'],
      ['another path', '/igor', page],
      ['a foreign name of this machine', '/files/a.gif', { ...page, host: 'evil.example' }],
    ] as const)
      expect(await ask(path, headers, method), what).to.equal(403)
  })

  it('are asked of the file server alone, also where it has every path', async () => {
    const gateways = [http(), igor({ files: { root, path: '/' } })]
    await world.start(() => undefined, {}, {}, { origins: ['https://app.example'], gateways })
    const page = { ...image, referer: 'https://app.example/' }
    expect(await ask('/a.gif', page)).to.equal(200)
    expect(await ask('/actions', {})).to.equal(200)
    expect(await ask('/actions', page)).to.equal(404)
  })

  longDescribe('in Chromium', () => {
    let browser: Browser

    before(async function () {
      const path = findChromium()
      if (path === undefined && process.env['CI'] !== 'true') skip(this, howToGetChromium)
      browser = await launchChromium(path ?? 'chromium')
    })

    after(() => browser?.close())

    it('are shown by a page that was loaded from a file, which runs no script of them', async () => {
      await start(['file://'])
      const files = `${world.url}/files`
      writeFileSync(
        join(world.folder, 'page.html'),
        `<!doctype html><title>a page</title><link rel="stylesheet" href="${files}/a.css">
<img src="${files}/a.gif"><b style="background: url(${files}/b.gif)">b</b><em>c</em><script src="${files}/a.js"></script>`,
      )
      const page = await browser.newPage()
      const answers = new Map<string, number>()
      page.on('response', (answer) => answers.set(new URL(answer.url()).pathname, answer.status()))
      await page.goto(pathToFileURL(join(world.folder, 'page.html')).href, { waitUntil: 'networkidle' })
      expect(await page.evaluate(() => document.querySelector('img')?.naturalWidth)).to.equal(1)
      expect(await page.title()).to.equal('a page')
      for (const name of ['a.gif', 'b.gif', 'a.css', 'c.gif']) expect(answers.get(`/files/${name}`), name).to.equal(200)
      expect(answers.get('/files/a.js')).to.equal(403)
      await page.close()
    })

    it('are shown by a page of an allowed origin, unless it hides that, and by no page of another', async () => {
      const pages = createServer((_request, response) => {
        response.setHeader('content-type', 'text/html')
        response.end(
          `<title>a page</title><img src="${world.url}/files/a.gif"><img src="${world.url}/files/b.gif" referrerpolicy="no-referrer">`,
        )
      })
      await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
      // Of another site than 127.0.0.1, to a browser.
      const origin = `http://localhost:${(pages.address() as AddressInfo).port}`
      await start([origin])
      for (const [url, expected] of [
        [origin, { 'a.gif': 200, 'b.gif': 403 }],
        [origin.replace('localhost', 'evil.localhost'), { 'a.gif': 403, 'b.gif': 403 }],
      ] as const) {
        const page = await browser.newPage()
        const answers: Record<string, number> = {}
        page.on('response', (answer) => {
          if (answer.url().startsWith(world.url)) answers[answer.url().slice(-5)] = answer.status()
        })
        await page.goto(url, { waitUntil: 'networkidle' })
        expect(answers, url).to.deep.equal(expected)
        await page.close()
      }
      pages.closeAllConnections()
      await new Promise((resolve) => pages.close(resolve))
    })
  })
})
