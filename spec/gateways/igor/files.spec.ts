// The file server, against fetch and raw requests.
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { Guard } from 'isock'
import { longIt } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { IgorWorld } from './igor-world.ts'

describe('The Igor gateway: files', function () {
  this.timeout(120_000)
  let world: IgorWorld
  let root: string
  const sockets: Socket[] = []

  beforeEach(() => {
    world = new IgorWorld()
    root = join(world.folder, 'root')
    mkdirSync(join(root, 'sub'), { recursive: true })
    writeFileSync(join(root, 'a.txt'), '0123456789')
    writeFileSync(join(world.folder, 'secret.txt'), 'secret')
  })

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await world.close()
  })

  const start = (files: object = {}, server: object = {}) =>
    world.start(() => undefined, { files: { root, ...files } }, server)
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${world.url}${path}`, { ...init, headers: { connection: 'close', ...init.headers } })
  /** A request as it is written, with what comes back. */
  const raw = async (text: string, localAddress = '127.0.0.1'): Promise<{ socket: Socket; answer: () => string }> => {
    const { port } = new URL(world.url)
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress }).on('error', () => undefined)
    sockets.push(socket)
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.write(text)
    return { socket, answer: () => Buffer.concat(chunks).toString() }
  }

  it('are answered with 503 where the server keeps no more sessions, and with 431 for credentials that are too long', async () => {
    await start({}, { limits: { maxSessions: 1 } })
    const client = await world.client()
    await waitFor(() => world.server.sessions.length === 1)
    const full = await ask('/files/a.txt')
    expect([full.status, await full.text()]).to.deep.equal([503, 'the server accepts no more clients at the moment\n'])
    await client.close()
    await waitFor(() => world.server.sessions.length === 0)
    const long = await ask('/files/a.txt', { headers: { authorization: `Bearer ${'x'.repeat(5_000)}` } })
    expect(long.status).to.equal(431)
  })

  describe('are read', () => {
    it('whole, with their length and type', async () => {
      await start()
      const answer = await ask('/files/a.txt')
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('content-type')).to.contain('text/plain')
      expect(answer.headers.get('x-content-type-options')).to.equal('nosniff')
      expect(answer.headers.get('content-security-policy')).to.equal('sandbox')
      expect(await answer.text()).to.equal('0123456789')
    })

    it('in ranges', async () => {
      await start()
      const answer = await ask('/files/a.txt', { headers: { range: 'bytes=2-4' } })
      expect(answer.status).to.equal(206)
      expect(answer.headers.get('content-range')).to.equal('bytes 2-4/10')
      expect(await answer.text()).to.equal('234')
      expect((await ask('/files/a.txt', { headers: { range: 'bytes=20-' } })).status).to.equal(416)
    })

    it('by HEAD, and not at all where they did not change', async () => {
      await start()
      const head = await ask('/files/a.txt', { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length')]).to.deep.equal([200, '10'])
      // Without the second header fetch asks for an answer that nobody has kept.
      const headers = { 'if-none-match': head.headers.get('etag') as string, 'cache-control': 'max-age=0' }
      const again = await ask('/files/a.txt', { headers })
      expect(again.status).to.equal(304)
    })

    it('by names that have to be written otherwise in a path', async () => {
      await start()
      writeFileSync(join(root, 'sub', 'ä 100%#?.txt'), 'found')
      expect(await (await ask(`/files/sub/${encodeURIComponent('ä 100%#?.txt')}`)).text()).to.equal('found')
    })

    it('404 where there is none, or a directory, or something hidden', async () => {
      await start()
      writeFileSync(join(root, '.env'), 'hidden')
      for (const path of ['/files/b.txt', '/files/sub', '/files/sub/', '/files/', '/files/.env'])
        expect((await ask(path)).status, path).to.equal(404)
    })

    it('never from outside the root', async () => {
      await start()
      symlinkSync(join(world.folder, 'secret.txt'), join(root, 'link.txt'))
      const paths = [
        '/files/../secret.txt',
        '/files/%2e%2e/secret.txt',
        '/files/..%2fsecret.txt',
        '/files/..%5csecret.txt',
      ]
      paths.push(`/files${world.folder}/secret.txt`, `/files/${encodeURIComponent(join(world.folder, 'secret.txt'))}`)
      paths.push('/files/link.txt', '/files/a.txt%00', '/files//etc/passwd', '/files/sub/../../secret.txt')
      for (const path of paths) {
        const { answer } = await raw(
          `GET ${path} HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\nconnection: close\r\n\r\n`,
        )
        await waitFor(() => answer().includes('\r\n\r\n'), { timeoutMs: 8_000 })
        expect(answer(), path).to.match(/^HTTP\/1\.1 40[04] /)
        expect(answer(), path).not.to.contain('secret\n')
      }
    })

    it('not at all without the option', async () => {
      await world.start(() => undefined, {})
      expect((await ask('/files/a.txt')).status).to.equal(404)
    })

    it('at another path', async () => {
      await start({ path: '/data/' })
      expect((await ask('/data/a.txt')).status).to.equal(200)
      expect((await ask('/files/a.txt')).status).to.equal(404)
    })

    it('not by more than may read at once', async () => {
      await start({ maxDownloads: 0 })
      const answer = await ask('/files/a.txt')
      expect([answer.status, answer.headers.get('retry-after')]).to.deep.equal([503, '1'])
    })

    it('by others, whoever has left before the answer', async () => {
      const waiting: (() => void)[] = []
      class Slow extends Guard<string> {
        async check(how: string | undefined) {
          if (how === 'wait') await new Promise<void>((resolve) => waiting.push(resolve))
          return true
        }
      }
      await start({ maxDownloads: 1 }, { guards: [new Slow()] })
      const head = `host: ${new URL(world.url).host}\r\nisock-credentials: {"Slow":"wait"}`
      // Those behind the first never hear of the end of their connection.
      const { socket } = await raw(`GET /files/a.txt HTTP/1.1\r\n${head}\r\n\r\n`.repeat(4))
      await waitFor(() => waiting.length > 0)
      const isClosed = new Promise((resolve) => socket.once('close', resolve))
      socket.destroy()
      await isClosed
      // The other side hears of it before what comes next.
      expect((await ask('/files/none.txt')).status).to.equal(404)
      for (const go of waiting.splice(0)) go()
      await waitFor(() => world.server.sessions.length === 0)
      expect((await ask('/files/a.txt')).status).to.equal(200)
    })

    it('in place of one of an address that reads most of them', async () => {
      await start({ maxDownloads: 2 })
      writeFileSync(join(root, 'big.bin'), Buffer.alloc(32 * 1024 * 1024))
      const hoard: Awaited<ReturnType<typeof raw>>[] = []
      for (let i = 0; i < 2; i++) {
        const one = await raw(`GET /files/big.bin HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n\r\n`, '127.0.0.2')
        one.socket.pause()
        hoard.push(one)
        await waitFor(() => world.server.usage.places['igorDownloads']?.taken === hoard.length)
      }
      expect((await ask('/files/a.txt')).status).to.equal(200)
      await waitFor(() => world.server.usage.places['igorDownloads']?.taken === 1)
      expect(world.server.usage.shed).to.equal(1)
      for (const { socket } of hoard) socket.destroy()
      await waitFor(() => world.server.usage.places['igorDownloads']?.taken === 0)
      await waitFor(() => world.server.usage.heldBytes === 0)
    })

    it('not by a reader that takes nothing for too long', async () => {
      await start({ idleMs: 300 })
      writeFileSync(join(root, 'big.bin'), Buffer.alloc(32 * 1024 * 1024))
      const { socket } = await raw(`GET /files/big.bin HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n\r\n`)
      socket.pause()
      let isCut = false
      socket.on('close', () => {
        isCut = true
      })
      // The kernel tells of the end only to who reads: what it had buffered comes first, and less than the whole.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      let count = 0
      socket.on('data', (chunk: Buffer) => {
        count += chunk.length
      })
      socket.resume()
      await waitFor(() => isCut, { timeoutMs: 8_000, what: 'the connection to end' })
      expect(count).to.be.below(32 * 1024 * 1024)
    })
  })

  describe('are written', () => {
    it('where the option says so: 201 for a new one, 204 for one that was there', async () => {
      await start({ write: true })
      expect((await ask('/files/new.txt', { method: 'PUT', body: 'one' })).status).to.equal(201)
      expect((await ask('/files/new.txt', { method: 'POST', body: 'two' })).status).to.equal(204)
      expect(readFileSync(join(root, 'new.txt'), 'utf8')).to.equal('two')
      expect((await ask('/files/sub/empty', { method: 'PUT' })).status).to.equal(201)
      expect(statSync(join(root, 'sub', 'empty')).size).to.equal(0)
    })

    it('with any bytes, as many as may be', async () => {
      await start({ write: true, maxFileBytes: 3 * 1024 * 1024 })
      const body = Buffer.alloc(3 * 1024 * 1024, Buffer.from(Array.from({ length: 256 }, (_, n) => (n * 7) % 256)))
      expect((await ask('/files/new.bin', { method: 'PUT', body })).status).to.equal(201)
      expect(readFileSync(join(root, 'new.bin')).equals(body)).to.equal(true)
      expect(readdirSync(root).sort()).to.deep.equal(['a.txt', 'new.bin', 'sub'])
    })

    it('405 otherwise, and for other methods', async () => {
      await start()
      const refused = await ask('/files/a.txt', { method: 'PUT', body: 'x' })
      expect([refused.status, refused.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD'])
      expect((await ask('/files/a.txt', { method: 'DELETE' })).status).to.equal(405)
      expect(readFileSync(join(root, 'a.txt'), 'utf8')).to.equal('0123456789')
    })

    it('413 for more than may be, said beforehand or not, and nothing is left of it', async () => {
      await start({ write: true, maxFileBytes: 100 })
      expect((await ask('/files/new.txt', { method: 'PUT', body: 'x'.repeat(101) })).status).to.equal(413)
      const stream = new ReadableStream({
        start(controller) {
          for (let n = 0; n < 11; n++) controller.enqueue(Buffer.alloc(10))
          controller.close()
        },
      })
      const init = { method: 'PUT', body: stream, duplex: 'half' } as RequestInit
      expect((await ask('/files/new.txt', init)).status).to.equal(413)
      expect(readdirSync(root).sort()).to.deep.equal(['a.txt', 'sub'])
    })

    it('413 at once, without reading what was announced', async () => {
      await start({ write: true, maxFileBytes: 100 })
      const head = `PUT /files/new.txt HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n`
      const { answer } = await raw(`${head}content-length: 1000000000000\r\n\r\n`)
      await waitFor(() => answer().startsWith('HTTP/1.1 413'), { timeoutMs: 8_000 })
    })

    it('403 outside the root, for hidden names, directories and links that lead out', async () => {
      await start({ write: true })
      symlinkSync(join(world.folder, 'secret.txt'), join(root, 'link.txt'))
      symlinkSync(join(world.folder, 'made.txt'), join(root, 'dangling.txt'))
      for (const path of [
        '..%2fsecret.txt',
        '.env',
        'sub',
        'nowhere/a.txt',
        'link.txt',
        'dangling.txt',
        'a.txt%00',
        '',
      ])
        expect((await ask(`/files/${path}`, { method: 'PUT', body: 'x' })).status, path).to.equal(403)
      expect(readFileSync(join(world.folder, 'secret.txt'), 'utf8')).to.equal('secret')
      expect(readdirSync(world.folder).sort()).to.deep.equal(['root', 'secret.txt'])
    })

    it('400 and 415 for a range and for a coding', async () => {
      await start({ write: true })
      const put = (headers: Record<string, string>) => ask('/files/a.txt', { method: 'PUT', body: 'x', headers })
      expect((await put({ 'content-range': 'bytes 0-0/10' })).status).to.equal(400)
      expect((await put({ 'content-encoding': 'gzip' })).status).to.equal(415)
    })

    it('whole or not at all: one that breaks off leaves the former', async () => {
      await start({ write: true })
      const head = `PUT /files/a.txt HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n`
      const { socket } = await raw(`${head}content-length: 1000\r\n\r\nhalf of it`)
      await waitFor(() =>
        readdirSync(root).some((name) => name.endsWith('.part') && statSync(join(root, name)).size > 0),
      )
      socket.destroy()
      await waitFor(() => !readdirSync(root).some((name) => name.endsWith('.part')))
      expect(readFileSync(join(root, 'a.txt'), 'utf8')).to.equal('0123456789')
    })

    it('408 where nothing comes for too long', async () => {
      await start({ write: true, idleMs: 200 })
      const head = `PUT /files/new.txt HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n`
      const { answer } = await raw(`${head}content-length: 1000\r\n\r\nhalf of it`)
      await waitFor(() => answer().startsWith('HTTP/1.1 408'), { timeoutMs: 8_000 })
      expect(readdirSync(root).sort()).to.deep.equal(['a.txt', 'sub'])
    })

    it('503 where as many are being written as may be', async () => {
      await start({ write: true, maxUploads: 1 })
      const head = `PUT /files/slow.txt HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n`
      await raw(`${head}content-length: 1000\r\n\r\nhalf`)
      await waitFor(() => readdirSync(root).some((name) => name.endsWith('.part')))
      const refused = await ask('/files/new.txt', { method: 'PUT', body: 'x' })
      expect([refused.status, refused.headers.get('retry-after')]).to.deep.equal([503, '1'])
    })

    it('in place of one of an address that has most of them on their way, which is told so', async () => {
      await start({ write: true, maxUploads: 2 })
      const head = (name: string) => `PUT /files/${name} HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n`
      const parts = () => readdirSync(root).filter((name) => name.endsWith('.part')).length
      const hoard: Awaited<ReturnType<typeof raw>>[] = []
      for (const name of ['1', '2']) {
        hoard.push(await raw(`${head(name)}content-length: 1000\r\n\r\nhalf`, '127.0.0.2'))
        await waitFor(() => parts() === hoard.length)
      }
      expect(world.server.usage.places['igorUploads']).to.deep.equal({ taken: 2, max: 2 })
      expect(world.server.usage.held.places).to.be.at.least(2 * 64 * 1024)
      expect((await ask('/files/new.txt', { method: 'PUT', body: 'x' })).status).to.equal(201)
      await waitFor(() => /^HTTP\/1.1 503[\s\S]*others need the room/.test(hoard[0]?.answer() ?? ''), {
        timeoutMs: 8_000,
      })
      expect(hoard[1]?.answer()).to.equal('')
      await waitFor(() => parts() === 1)
      // The one that was taken and the one that is over have left.
      await waitFor(() => world.server.usage.places['igorUploads']?.taken === 1)
    })

    longIt('to their end while the server drains, and given up after its grace', async () => {
      await start({ write: true })
      const head = (name: string) => `PUT /files/${name} HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n`
      const ends = await raw(`${head('ends')}content-length: 6\r\n\r\none`)
      const hangs = await raw(`${head('hangs')}content-length: 6\r\n\r\none`)
      await waitFor(() => readdirSync(root).filter((name) => name.endsWith('.part')).length === 2)
      const ended = world.server.shutdown({ graceMs: 1_000 })
      ends.socket.write('two')
      await waitFor(() => ends.answer().startsWith('HTTP/1.1 201'), { timeoutMs: 8_000 })
      await ended
      expect(hangs.answer()).to.match(/^HTTP\/1.1 503/)
      expect(readdirSync(root).sort()).to.deep.equal(['a.txt', 'ends', 'sub'])
    })
  })

  describe('are guarded', () => {
    it('401 without what the guards ask for', async () => {
      await start({ write: true }, { token: 'a-token-of-ours' })
      expect((await ask('/files/a.txt')).status).to.equal(401)
      expect((await ask('/files/a.txt', { method: 'PUT', body: 'x' })).status).to.equal(401)
      expect(readFileSync(join(root, 'a.txt'), 'utf8')).to.equal('0123456789')
      const headers = { authorization: 'Bearer a-token-of-ours' }
      expect((await ask('/files/a.txt', { headers })).status).to.equal(200)
      await waitFor(() => world.server.sessions.length === 0, { what: 'the sessions of requests to end' })
    })

    it('against strangers who take the places of those that may write', async () => {
      await start({ write: true, maxUploads: 1 }, { token: 'a-token-of-ours' })
      const head = `PUT /files/new.txt HTTP/1.1\r\nhost: ${new URL(world.url).host}\r\n`
      const strangers = await Promise.all([1, 2, 3].map(() => raw(`${head}content-length: 1000\r\n\r\nhalf`)))
      await waitFor(() => strangers.every(({ answer }) => answer().startsWith('HTTP/1.1 401')), { timeoutMs: 8_000 })
      // They go on sending, and are read for a moment yet.
      const headers = { authorization: 'Bearer a-token-of-ours' }
      expect((await ask('/files/new.txt', { method: 'PUT', body: 'x', headers })).status).to.equal(201)
    })

    it('403 for pages of other origins; those that are named may read', async () => {
      await start({ write: true })
      const headers = { origin: 'https://evil.example' }
      expect((await ask('/files/a.txt', { headers })).status).to.equal(403)
      expect((await ask('/files/a.txt', { method: 'PUT', body: 'x', headers })).status).to.equal(403)
      const own = await ask('/files/a.txt', { headers: { origin: world.url } })
      expect(own.headers.get('access-control-allow-origin')).to.equal(world.url)
    })
  })
})
