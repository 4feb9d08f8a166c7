// How files go out: the compressed form to those who take it, kept apart by caches, with ranges and conditions of its own; and the
// module for browsers as the build writes it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { browserModuleIn } from '../../lib/features/web/browser-module.ts'
import { wantedCodings } from '../../lib/features/web/content-coding.ts'
import type { MountedGateway, WebVisit } from '../../lib/features/web/gateway.ts'
import { mostZippedBytes, writeForBrowsers } from '../../scripts/browser-bundle.ts'
import { browserBundle } from '../setup/browser-bundle.ts'
import { longDescribe } from '../setup/long.ts'
import { WebWorld } from './web-world.ts'

describe('A file of a web port', () => {
  let world: WebWorld
  let directory: string
  let root: string
  let url: string
  const text = 'console.log("plain")\n'.repeat(50)
  const zipped = gzipSync(text)
  const brotli = 'b'.repeat(zipped.length)
  const madeAt = new Date('2026-01-01T00:00:00Z')
  const muchEarlier = new Date('2025-12-31T23:59:00Z')

  beforeEach(async () => {
    world = new WebWorld()
    directory = mkdtempSync(join(tmpdir(), 'isock-served-'))
    root = join(directory, 'public')
    mkdirSync(root)
    writeFileSync(join(root, 'app.js'), text)
    writeFileSync(join(root, 'app.js.gz'), zipped)
    // The specs look at which one comes: it need not be Brotli. Its length and time would not tell it from the other.
    writeFileSync(join(root, 'app.js.br'), brotli)
    for (const name of ['app.js', 'app.js.gz', 'app.js.br']) utimesSync(join(root, name), madeAt, madeAt)
    writeFileSync(join(root, 'alone.js'), text)
    url = (await world.serve({ static: root })).web.url
  })

  afterEach(async () => {
    await world.close()
    rmSync(directory, { recursive: true })
  })

  it('is sent as the best coding that its client takes and that is there', async () => {
    for (const [accepted, coding] of [
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip', 'gzip'],
      ['x-gzip', 'gzip'],
      ['GZIP;Q=1.0', 'gzip'],
      ['br;q=0.5, gzip;q=0.8', 'gzip'],
      ['br;q=0, *', 'gzip'],
      ['br;q=0, gzip;q=0', undefined],
      ['gzip;q=0.5, identity', undefined],
      ['identity;q=0.5, gzip;q=0.5, br;q=0.1', 'gzip'],
      ['deflate', undefined],
      ['', undefined],
      ['br;q=2, gzip;q=1;x=1', undefined],
      [undefined, undefined],
    ] as const) {
      const { headers, body } = await get(url, '/app.js', accepted === undefined ? {} : { 'accept-encoding': accepted })
      expect(headers['content-encoding'], accepted).to.equal(coding)
      expect(headers['content-type'], accepted).to.equal('text/javascript; charset=utf-8')
      expect(headers.vary, accepted).to.equal('Origin, Accept-Encoding')
      const sent = { br: brotli, gzip: zipped.toString('latin1') }
      expect(body.toString('latin1'), accepted).to.equal(coding === undefined ? text : sent[coding])
    }
  })

  it('does not read more of Accept-Encoding than a client would send', () => {
    expect(wantedCodings(`${'x,'.repeat(100)}br`)).to.deep.equal([])
    expect(wantedCodings('gzip;q=0.5, br').map(({ coding }) => coding)).to.deep.equal(['br', 'gzip'])
  })

  it('has an ETag for each coding, by which it is not sent again', async () => {
    const tags = new Set<string>()
    for (const accepted of ['br', 'gzip', 'identity']) {
      const etag = (await get(url, '/app.js', { 'accept-encoding': accepted })).headers.etag as string
      tags.add(etag)
      const again = await get(url, '/app.js', { 'accept-encoding': accepted, 'if-none-match': etag })
      expect([again.status, again.body.length], accepted).to.deep.equal([304, 0])
      expect(again.headers)
        .to.include({ etag, vary: 'Origin, Accept-Encoding' })
        .and.not.have.property('content-encoding')
    }
    expect(tags).to.have.length(3)
    const [ofBrotli = ''] = tags
    expect((await get(url, '/app.js', { 'accept-encoding': 'gzip', 'if-none-match': ofBrotli })).status).to.equal(200)
  })

  it('has lengths, ranges and HEAD of what is sent', async () => {
    const gzip = { 'accept-encoding': 'gzip' }
    const head = await get(url, '/app.js', gzip, 'HEAD')
    expect(head.headers).to.include({ 'content-encoding': 'gzip', 'content-length': String(zipped.length) })
    expect(head.body).to.have.length(0)
    const part = await get(url, '/app.js', { ...gzip, range: 'bytes=2-5', 'if-range': head.headers.etag as string })
    expect(part.status).to.equal(206)
    expect(part.headers['content-range']).to.equal(`bytes 2-5/${zipped.length}`)
    expect(part.body).to.deep.equal(zipped.subarray(2, 6))
    // The first part was of another coding.
    const other = await get(url, '/app.js', { range: 'bytes=2-5', 'if-range': head.headers.etag as string })
    expect([other.status, other.body.toString()]).to.deep.equal([200, text])
  })

  it('is not said to be zipped where something else is said', async () => {
    const beyond = await get(url, '/app.js', { 'accept-encoding': 'gzip', range: 'bytes=999999-' })
    expect(beyond.status).to.equal(416)
    expect(beyond.headers['content-type']).to.equal('text/plain')
    expect(beyond.headers).to.not.have.any.keys('content-encoding', 'etag', 'cache-control')
    expect(beyond.body.toString()).to.contain('cannot be served')
  })

  it('varies only where there is a choice', async () => {
    const { headers, body } = await get(url, '/alone.js', { 'accept-encoding': 'br, gzip' })
    expect(headers.vary).to.equal('Origin')
    expect(headers).to.not.have.property('content-encoding')
    expect(body.toString()).to.equal(text)
  })

  for (const [olderMs, coding] of [
    [2_000, 'br'],
    [2_001, 'gzip'],
  ] as const)
    it(`is sent as ${coding} where its Brotli form is ${olderMs} ms older`, async () => {
      utimesSync(join(root, 'app.js.br'), madeAt, new Date(madeAt.getTime() - olderMs))
      const { headers } = await get(url, '/app.js', { 'accept-encoding': 'br, gzip' })
      expect(headers['content-encoding']).to.equal(coding)
    })

  it('is sent plain where its compressed form is older, or lies outside of the directory', async () => {
    utimesSync(join(root, 'app.js.br'), madeAt, muchEarlier)
    writeFileSync(join(directory, 'secret.gz'), 'secret')
    symlinkSync(join(directory, 'secret.gz'), join(root, 'alone.js.gz'))
    const accepted = { 'accept-encoding': 'br, gzip' }
    expect((await get(url, '/app.js', accepted)).headers['content-encoding']).to.equal('gzip')
    expect((await get(url, '/alone.js', accepted)).body.toString()).to.equal(text)
  })
})

longDescribe('The module for browsers at a web port', function () {
  // Bundling takes a busy machine a while.
  this.timeout(240_000)
  let directory: string
  let zippedBytes: number
  let world: WebWorld
  let url: string
  let lastingPath: string

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'isock-module-'))
    zippedBytes = (await writeForBrowsers(directory, browserBundle())).zippedBytes
  })

  after(() => rmSync(directory, { recursive: true }))

  beforeEach(async () => {
    world = new WebWorld()
    const module = browserModuleIn(directory, '/live/isock.js')
    lastingPath = module.lastingPath
    url = await world.listen(servedBy(module))
  })

  afterEach(() => world.close())

  it('is zipped', async () => {
    const plain = readFileSync(join(directory, 'browser.js'), 'utf8')
    const gzip = await get(url, '/live/isock.js', { 'accept-encoding': 'gzip' })
    expect(gunzipSync(gzip.body).toString()).to.equal(plain)
    expect(gzip.body.length).to.equal(zippedBytes).and.at.most(mostZippedBytes)
    const brotli = await get(url, '/live/isock.js', { 'accept-encoding': 'gzip, deflate, br' })
    expect(brotliDecompressSync(brotli.body).toString()).to.equal(plain)
    expect(brotli.body.length).to.be.below(gzip.body.length)
    expect(brotli.headers).to.include({ 'content-type': 'text/javascript; charset=utf-8', vary: 'Accept-Encoding' })
    expect((await get(url, '/live/isock.js')).body.toString()).to.equal(plain)
  })

  it('is asked for again each time, but at the address with its hash never', async () => {
    const cached = async (path: string) => (await get(url, path, { 'accept-encoding': 'br' })).headers['cache-control']
    expect(lastingPath).to.match(/^\/live\/isock\.js\?v=[\w-]{16}$/)
    expect(await cached(lastingPath)).to.equal('public, max-age=31536000, immutable')
    for (const path of ['/live/isock.js', '/live/isock.js?v=', '/live/isock.js?v=another', `${lastingPath}x`])
      expect(await cached(path), path).to.equal('public, max-age=0')
  })

  it('has its source map where it says', async () => {
    const { body } = await get(url, '/live/isock.js')
    const [, name = ''] = /\/\/# sourceMappingURL=(.+)\s*$/.exec(body.toString()) ?? []
    const map = await get(url, new URL(name, `${url}/live/isock.js`).pathname)
    expect(map.status).to.equal(200)
    expect(JSON.parse(map.body.toString()).sources.join()).to.contain('lib/core/session/session.ts')
  })

  it('has what it loads later beside it, for a year and zipped, with its map', async () => {
    const { body } = await get(url, '/live/isock.js')
    const [, name = ''] = /import\("\.\/(isock-callee-\w+\.js)"\)/.exec(body.toString()) ?? []
    const chunk = await get(url, `/live/${name}`, { 'accept-encoding': 'br' })
    expect(brotliDecompressSync(chunk.body).toString()).to.equal(readFileSync(join(directory, name), 'utf8'))
    expect(chunk.headers).to.include({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    })
    expect(JSON.parse((await get(url, `/live/${name}.map`)).body.toString()).sources.join()).to.contain('ledger.ts')
    expect((await get(url, `/live/${name}.br`)).status).to.equal(404)
    expect((await get(url, `/${name}`)).status).to.equal(404)
  })

  it('is nothing else of its directory, and nothing to write', async () => {
    expect((await get(url, '/live/browser.js')).status).to.equal(404)
    expect((await get(url, '/live/isock.js', {}, 'POST')).status).to.equal(404)
  })
})

interface Got {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

async function get(url: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { method, headers, agent: false }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
    })
      .on('error', reject)
      .end()
  })
}

function servedBy(mounted: MountedGateway): ReturnType<typeof createServer> {
  const listener: RequestListener = (incoming, response) => {
    const visit = { request: incoming, url: new URL(incoming.url ?? '', 'http://localhost') } as WebVisit
    if (mounted.onRequest?.(visit, response) !== true) response.writeHead(404).end()
  }
  return createServer(listener)
}
