// A server, a page of it in a browser, and the way between them, which can be cut.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Server, type ServerOptions } from '../../lib/index.ts'
import { listenWeb, type WebOptions } from '../../lib/web.ts'
import { browserBundle } from '../setup/browser-bundle.ts'
import type { DrivenBrowser, DrivenPage } from '../setup/browsers.ts'
import { AskPage, Count, Download, Echo, News, Refuse, Stay, Tick, Upload, UploadNamed } from './page-actions.ts'

const scripts = `<link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "isock": "/isock.js" } }</script>
<script type="module" src="/page.js"></script>`

/** The files that the page loads: the module as users get it, and the page's own code over it. */
export class PageFiles {
  readonly directory = mkdtempSync(join(tmpdir(), 'isock-page-'))

  async write(): Promise<this> {
    const { code, chunk } = await browserBundle()
    writeFileSync(join(this.directory, 'isock.js'), code)
    writeFileSync(join(this.directory, chunk.name), chunk.code)
    await build({
      entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      target: 'es2022',
      outfile: join(this.directory, 'page.js'),
      external: ['isock'],
      tsconfigRaw: {},
    })
    writeFileSync(
      join(this.directory, 'worker.js'),
      `import { Client } from '/isock.js'
const client = new Client()
postMessage(await client.runAction('Echo', 'from a worker'))
await client.close()
`,
    )
    writeFileSync(
      join(this.directory, 'index.html'),
      `<!doctype html><meta charset="utf-8"><title>a page</title>${scripts}`,
    )
    const policy = '<meta http-equiv="content-security-policy" content="connect-src \'self\'">'
    writeFileSync(join(this.directory, 'policy.html'), `<!doctype html>${policy}${scripts}`)
    return this
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A proxy on a port of its own, which can be cut and opened. */
export class Way {
  readonly #server: NetServer
  readonly #sockets = new Set<Socket>()
  #isOpen = true

  constructor(to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1')
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => this.#sockets.delete(socket))
      }
      if (!this.#isOpen) {
        near.destroy()
        far.destroy()
        return
      }
      near.pipe(far)
      far.pipe(near)
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy())
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as { port: number }).port
  }

  cut(): void {
    this.#isOpen = false
    for (const socket of this.#sockets) socket.destroy()
  }

  open(): void {
    this.#isOpen = true
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** One server with a way to it and a page that came over it. */
export class BrowserWorld {
  readonly server: Server
  readonly tick = new Tick()
  readonly stay = new Stay()
  readonly #browser: DrivenBrowser
  readonly #files: PageFiles
  readonly #pages: DrivenPage[] = []
  #way: Way | undefined
  #url = ''

  constructor(browser: DrivenBrowser, files: PageFiles, options: ServerOptions = {}) {
    this.#browser = browser
    this.#files = files
    this.server = new Server(options)
    for (const action of [Echo, Refuse, Count, Upload, UploadNamed, Download, AskPage])
      this.server.addAction(new action())
    this.server.addAction(this.tick).addAction(this.stay).addChannel(new News())
  }

  get way(): Way {
    return this.#way as Way
  }

  /** Where the pages come from. */
  get url(): string {
    return this.#url
  }

  async open(options: Partial<WebOptions> = {}): Promise<this> {
    // The page's origin is the way's, which is known once the way is there: the port of the server comes first.
    let port = 0
    const probe = await listenWeb(this.server, { port: 0, static: this.#files.directory, hosts: 'any', ...options })
    port = Number(new URL(probe.url).port)
    this.#way = new Way(port)
    this.#url = `http://127.0.0.1:${await this.#way.listen()}`
    return this
  }

  async page(url = this.#url): Promise<DrivenPage> {
    const page = await this.#browser.newPage()
    this.#pages.push(page)
    page.on('pageerror', (error) => console.error('in the page:', error))
    await page.goto(url)
    await page.waitForFunction(() => 'isock' in globalThis)
    return page
  }

  async close(): Promise<void> {
    for (const page of this.#pages) await page.close()
    await this.server.shutdown({ graceMs: 0 })
    await this.#way?.close()
  }
}
