// A file that is kept in memory: its forms, and how it is sent.
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type KeptFile, keptFile, sendKept } from '../../lib/features/web/kept-file.ts'

class FakeResponse extends EventEmitter {
  readonly headers: Record<string, unknown> = {}
  readonly timeouts: unknown[] = []
  status: number | undefined
  destroyed = false
  ended: unknown[] | undefined
  onTimeout: (() => void) | undefined

  setHeader(name: string, value: unknown): this {
    this.headers[name] = value
    return this
  }

  writeHead(status: number, headers: object = {}): this {
    this.status = status
    Object.assign(this.headers, headers)
    return this
  }

  end(...given: unknown[]): void {
    this.ended = given
  }

  setTimeout(ms: number, onTimeout?: () => void): this {
    this.timeouts.push(ms)
    this.onTimeout = onTimeout
    return this
  }

  destroy(): void {
    this.destroyed = true
  }
}

const text = new TextEncoder().encode('hello')
const zipped = new Uint8Array(gzipSync(text))
const brotli = Uint8Array.of(1, 2)
const file = keptFile(
  'text/plain',
  new Map([
    ['gzip', zipped],
    ['br', brotli],
  ] as const),
  text,
)

function sent(of: KeptFile, headers: Record<string, string> = {}, { isLasting = false, method = 'GET' } = {}) {
  const response = new FakeResponse()
  const request = { headers, method } as unknown as IncomingMessage
  sendKept(request, response as unknown as ServerResponse, of, isLasting)
  return response
}

describe('A kept file', () => {
  it('has a version of sixteen characters by its content', () => {
    expect(file.type).to.equal('text/plain')
    expect(file.version).to.equal('LPJNul-wow4m6Dsq')
    expect(keptFile('a/b', new Map(), text).version).to.equal(file.version)
    expect(keptFile('a/b', new Map([['gzip', text]] as const)).version).to.equal(file.version)
    expect(keptFile('a/b', new Map(), zipped).version).not.to.equal(file.version)
  })

  it('is made plain from its gzip form where it has no other', () => {
    expect(file.plain()).to.equal(text)
    expect(new Uint8Array(keptFile('a/b', new Map([['gzip', zipped]] as const)).plain())).to.deep.equal(text)
  })

  it('is sent plain to clients that take no coding', () => {
    const { status, headers, ended } = sent(file)
    expect([status, ended]).to.deep.equal([200, [text]])
    expect(headers).to.deep.equal({
      etag: `"${file.version}"`,
      'cache-control': 'public, max-age=0',
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/plain',
      'content-length': 5,
    })
  })

  it('is sent in the best form that there is', () => {
    for (const [accepted, of, coding, body] of [
      ['gzip, br', file, 'br', brotli],
      ['gzip', file, 'gzip', zipped],
      ['br, gzip', keptFile('a/b', new Map([['gzip', zipped]] as const), text), 'gzip', zipped],
    ] as const) {
      const { headers, ended } = sent(of, { 'accept-encoding': accepted })
      expect(ended).to.deep.equal([body])
      expect(headers).to.include({
        'content-encoding': coding,
        etag: `"${of.version}-${coding}"`,
        'content-length': body.length,
      })
    }
    const plain = sent(keptFile('a/b', new Map(), text), { 'accept-encoding': 'gzip' })
    expect(plain.ended).to.deep.equal([text])
    expect(plain.headers).not.to.have.property('content-encoding')
  })

  it('may be kept for a year where its content never changes', () => {
    expect(sent(file, {}, { isLasting: true }).headers['cache-control']).to.equal('public, max-age=31536000, immutable')
  })

  it('is not sent to clients that have it in the same form', () => {
    const tag = `"${file.version}"`
    for (const known of [tag, `W/${tag}`, `"x" , ${tag}`, `${tag},"x"`]) {
      const { status, ended, headers, timeouts } = sent(file, { 'if-none-match': known })
      expect([status, ended, timeouts, headers['etag']], known).to.deep.equal([304, [], [], tag])
      expect(headers).not.to.have.property('content-length')
    }
    for (const known of ['"x"', file.version, ''])
      expect(sent(file, { 'if-none-match': known }).status, known).to.equal(200)
    expect(sent(file, { 'if-none-match': tag, 'accept-encoding': 'gzip' }).status).to.equal(200)
  })

  it('has no body for HEAD', () => {
    const { status, headers, ended, timeouts } = sent(file, { 'accept-encoding': 'gzip' }, { method: 'HEAD' })
    expect([status, ended, timeouts]).to.deep.equal([200, [], []])
    expect(headers).to.include({ 'content-length': zipped.length, 'content-encoding': 'gzip' })
  })

  it('is not sent for longer than half a minute to a client that reads nothing', () => {
    const response = sent(file)
    expect([response.timeouts, response.destroyed]).to.deep.equal([[30_000], false])
    response.onTimeout?.()
    expect(response.destroyed).to.equal(true)
    response.emit('finish')
    response.emit('finish')
    expect(response.timeouts).to.deep.equal([30_000, 0])
  })
})
