// Which Hosts and Origins a web server lets in: exact lists, loopback by default.
import { expect } from 'chai'
import { Access, type AccessOptions } from '../../lib/features/web/access.ts'
import { ClientError } from '../../lib/index.ts'

function refusal(headers: Record<string, string>, options: AccessOptions = {}, port = 8080, isTls = false) {
  return new Access(options, port, isTls).refusalOf(headers)?.reason
}

describe('Access to a web server', () => {
  it('is for this machine alone unless hosts are named', () => {
    for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST:8080']) {
      expect(refusal({ host }), host).to.equal(undefined)
    }
  })

  it('is refused to a foreign name that resolves to this machine (DNS rebinding)', () => {
    for (const host of [
      'evil.example:8080',
      'localhost.evil.example:8080',
      '127.0.0.1.nip.io:8080',
      '127.1:8080',
      '',
    ]) {
      expect(refusal({ host }), host).to.contain('host is not served')
    }
    expect(refusal({})).to.contain('host is not served')
  })

  it('is refused for another port of the same name', () => {
    expect(refusal({ host: 'localhost:8081' })).to.contain('host is not served')
    expect(refusal({ host: 'localhost' })).to.contain('host is not served')
    expect(refusal({ host: 'localhost' }, {}, 80)).to.equal(undefined)
    expect(refusal({ host: 'localhost' }, {}, 443, true)).to.equal(undefined)
  })

  it('is for the origins of its hosts, with their scheme and port', () => {
    const host = 'localhost:8080'
    expect(refusal({ host, origin: 'http://localhost:8080' })).to.equal(undefined)
    expect(refusal({ host, origin: 'http://127.0.0.1:8080' })).to.equal(undefined)
    for (const origin of [
      'https://localhost:8080',
      'http://localhost:8081',
      'http://localhost',
      'http://evil.example',
      'http://localhost:8080.evil.example',
      'http://evil.example#http://localhost:8080',
      'null',
      'file://',
      '',
    ]) {
      expect(refusal({ host, origin }), origin).to.contain('origin are not allowed')
    }
  })

  it('is for the named origins only, exactly as they are written', () => {
    const options = { origins: ['https://app.example', 'file://', 'null'] }
    const host = 'localhost:8080'
    for (const origin of ['https://app.example', 'file://', 'null']) {
      expect(refusal({ host, origin }, options), origin).to.equal(undefined)
    }
    for (const origin of [
      'https://app.example.evil',
      'https://evil-app.example',
      'http://app.example',
      'http://localhost:8080',
    ]) {
      expect(refusal({ host, origin }, options), origin).to.be.a('string')
    }
  })

  it('takes a star for one label or more at the beginning of a name, and for nothing else', () => {
    const options = {
      hosts: ['*.app.example', 'x.example'],
      origins: ['https://*.app.example', 'https://*.localhost:3000'],
    }
    for (const host of ['pr-17.app.example', 'a.b.app.example', 'A.APP.example', 'pr_1.app.example:8080'])
      expect(refusal({ host }, options), host).to.equal(undefined)
    for (const host of [
      'app.example',
      '.app.example',
      'a..app.example',
      'evil-app.example',
      'a.app.example.evil',
      'a.app.example:81',
    ])
      expect(refusal({ host }, options), host).to.contain('host is not served')
    for (const origin of ['https://pr-17.app.example', 'https://x.localhost:3000'])
      expect(refusal({ host: 'x.example', origin }, options), origin).to.equal(undefined)
    for (const origin of [
      'https://app.example',
      'http://pr-17.app.example',
      'https://pr-17.app.example:81',
      'https://evil.example/.app.example',
      'https://evil@a.app.example',
      'https://evil:1.app.example',
      'https://x.localhost',
      'null',
    ])
      expect(refusal({ host: 'x.example', origin }, options), origin).to.contain('origin are not allowed')
    const ofHosts = { hosts: ['*.app.example'] }
    expect(refusal({ host: 'a.app.example', origin: 'https://b.app.example' }, ofHosts, 443, true)).to.equal(undefined)
    expect(refusal({ host: 'a.app.example', origin: 'http://b.app.example' }, ofHosts, 443, true)).to.be.a('string')
  })

  it('asks a function, for which nothing but true lets in', () => {
    const host = 'localhost:8080'
    const origin = 'https://pr-17.example'
    for (const [returned, isIn] of [
      [true, true],
      [false, false],
      [1, false],
      [Promise.resolve(true), false],
    ] as const) {
      const decide = ((): unknown => returned) as () => boolean
      expect(refusal({ host, origin }, { origins: decide }) === undefined, String(returned)).to.equal(isIn)
      expect(refusal({ host: 'any.example' }, { hosts: decide }) === undefined, String(returned)).to.equal(isIn)
    }
    const errors: unknown[] = []
    const failing = (): boolean => {
      throw new Error('boom')
    }
    const access = new Access({ origins: failing }, 8080, false, (error) => errors.push(error))
    expect(access.refusalOf({ host, origin })?.header).to.equal('origin')
    expect(errors.map(String)).to.deep.equal(['Error: boom'])
    const seen: string[] = []
    const note = (value: string): boolean => seen.push(value) > 0
    expect(refusal({ host: 'A.example:1', origin: 'http://a.example:1' }, { hosts: note })).to.equal(undefined)
    expect(refusal({ host: 'A.example:1', origin: 'http://b.example' }, { hosts: note })).to.be.a('string')
    expect(seen).to.deep.equal(['a.example:1', 'a.example:1'])
  })

  it('refuses what could never match, and stars where they would let in more than is meant', () => {
    const wrongHosts = [
      'https://a.example',
      'a.example/x',
      'a.example:99999',
      '*',
      '*.com',
      'a*.example.org',
      'a.*.org',
      '*example.org',
    ]
    const wrongOrigins = [
      'https://a.example/',
      'a.example',
      'https://*',
      'https://*.com',
      'https://*example.org',
      '*.example.org',
      'https://a.*.org',
    ]
    for (const host of wrongHosts)
      expect(() => refusal({}, { hosts: [host] }), host).to.throw(ClientError, 'option hosts')
    for (const origin of wrongOrigins)
      expect(() => refusal({}, { origins: [origin] }), origin).to.throw(ClientError, 'option origins')
    const pattern = /example/ as unknown as string
    expect(() => refusal({}, { origins: [pattern] })).to.throw(ClientError, 'in place of a RegExp')
  })

  it('gives origins to the named hosts', () => {
    const options = { hosts: ['chat.example'] }
    expect(refusal({ host: 'chat.example', origin: 'https://chat.example' }, options, 443, true)).to.equal(undefined)
    expect(refusal({ host: 'localhost' }, options, 443, true)).to.be.a('string')
    const behindProxy = { hosts: ['chat.example:443'], origins: ['https://chat.example'] }
    expect(refusal({ host: 'chat.example:443', origin: 'https://chat.example' }, behindProxy)).to.equal(undefined)
  })

  it('is for named hosts as a proxy at the standard port passes them on, too', () => {
    const behindProxy = { hosts: ['app.example'], origins: ['https://app.example'] }
    expect(refusal({ host: 'app.example', origin: 'https://app.example' }, behindProxy)).to.equal(undefined)
    expect(refusal({ host: 'app.example:8080', origin: 'https://app.example' }, behindProxy)).to.equal(undefined)
    expect(refusal({ host: 'app.example:8081' }, behindProxy)).to.contain('host is not served')
    for (const host of ['app.example:443', 'app.example:80'])
      expect(refusal({ host: 'app.example' }, { hosts: [host] }), host).to.equal(undefined)
    expect(refusal({ host: 'app.example' }, { hosts: ['app.example:81'] })).to.contain('host is not served')
    // Which origins are let in does not change by that.
    const origin = 'http://app.example'
    expect(refusal({ host: 'app.example', origin }, { hosts: ['app.example'] })).to.contain('origin are not allowed')
  })

  it('is for an origin without its standard port, as browsers send it, however it was named', () => {
    const named = { origins: ['https://app.example:443', 'http://app.example:80', 'http://app.example:8080'] }
    for (const origin of ['https://app.example', 'http://app.example', 'http://app.example:8080'])
      expect(refusal({ host: 'localhost:8080', origin }, named), origin).to.equal(undefined)
    const own = { hosts: ['app.example:443'] }
    expect(refusal({ host: 'app.example', origin: 'https://app.example' }, own, 443, true)).to.equal(undefined)
    expect(refusal({ host: 'app.example', origin: 'http://app.example' }, own, 443, true)).to.be.a('string')
  })

  it('is open to all where that was asked for', () => {
    expect(refusal({ host: 'any.example' }, { hosts: 'any' })).to.equal(undefined)
    expect(refusal({ host: 'any.example', origin: 'https://any.example' }, { hosts: 'any' })).to.equal(undefined)
    expect(refusal({ host: 'any.example', origin: 'https://other.example' }, { hosts: 'any' })).to.be.a('string')
    expect(refusal({ host: 'any.example', origin: 'null' }, { hosts: 'any' })).to.be.a('string')
    expect(refusal({ host: 'any.example', origin: 'http://any.example' }, { hosts: 'any', origins: 'any' })).to.equal(
      undefined,
    )
    expect(refusal({ host: 'localhost:8080', origin: 'http://other' }, { origins: 'any' })).to.equal(undefined)
  })

  it('is refused to what a page of another site embeds, which sends no Origin', () => {
    const host = 'localhost:8080'
    const embedded = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
    expect(refusal(embedded)).to.contain('may not embed')
    expect(refusal({ ...embedded, 'sec-fetch-mode': 'navigate' })).to.equal(undefined)
    expect(refusal({ ...embedded, 'sec-fetch-site': 'same-origin' })).to.equal(undefined)
  })

  describe('of what a page of another site loads as a part of itself', () => {
    const host = 'localhost:8080'
    const image = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    const page = { ...image, referer: 'https://app.example/' }
    const listed: AccessOptions = { origins: ['https://app.example', 'https://*.wide.example'] }
    const lets = (headers: Record<string, string>, options: AccessOptions = listed, method = 'GET') =>
      new Access(options, 8080, false).allowsEmbedding({ method, headers })

    it('is for images, styles, fonts and media of pages whose Referer is allowed', () => {
      for (const kind of ['image', 'style', 'font', 'audio', 'video', 'track'])
        expect(lets({ ...page, 'sec-fetch-dest': kind }), kind).to.equal(true)
      for (const referer of [
        'https://app.example/a/page.html?q',
        'https://a.wide.example/',
        'http://localhost:8080/a.css',
      ])
        expect(lets({ ...page, referer }), referer).to.equal(true)
    })

    it('is refused to anything that runs, or is a page, or is not named', () => {
      const kinds = [
        'script',
        'worker',
        'document',
        'iframe',
        'frame',
        'object',
        'embed',
        'empty',
        'manifest',
        'xslt',
        '',
      ]
      for (const kind of kinds) expect(lets({ ...page, 'sec-fetch-dest': kind }), kind).to.equal(false)
      const { 'sec-fetch-dest': _, ...untold } = page
      expect(lets(untold)).to.equal(false)
      expect(lets({ ...page, 'sec-fetch-dest': 'image, image' })).to.equal(false)
    })

    it('is refused to other methods and modes, and to what sends an Origin', () => {
      for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'get'])
        expect(lets(page, listed, method), method).to.equal(false)
      for (const mode of ['cors', 'navigate', 'same-origin', 'websocket', ''])
        expect(lets({ ...page, 'sec-fetch-mode': mode }), mode).to.equal(false)
      expect(lets({ ...page, origin: 'https://app.example' })).to.equal(false)
    })

    it('is refused to pages of other origins, and to those that do not say theirs', () => {
      const others = [
        'https://evil.example/',
        'http://app.example/',
        'https://app.example.evil.example/',
        'about:blank',
        'x',
      ]
      others.push(
        'https://app.example@evil.example/',
        'http://localhost:9/',
        'data:text/html,',
        'file:///home/a.html',
        '',
      )
      for (const referer of others) expect(lets({ ...page, referer }), referer).to.equal(false)
      expect(lets(image)).to.equal(false)
      expect(lets(image, {})).to.equal(false)
      expect(lets(image, { hosts: 'any' })).to.equal(false)
      expect(lets(image, { origins: (origin) => origin.startsWith('https:') })).to.equal(false)
    })

    it('is for those that cannot say theirs, where an origin of such pages is named', () => {
      for (const origin of ['file://', 'null', 'app://bundle'])
        expect(lets(image, { origins: [origin] })).to.equal(true)
      expect(lets(image, { origins: (origin) => origin === 'file://' })).to.equal(true)
      expect(lets({ ...image, referer: 'https://evil.example/' }, { origins: ['file://'] })).to.equal(false)
    })
  })

  it('says what is wrong with a list', () => {
    for (const hosts of ['localhost', ['http://localhost'], [''], [5], ['a b']]) {
      expect(() => new Access({ hosts: hosts as never }, 1, false), String(hosts)).to.throw(ClientError, 'option hosts')
    }
    for (const origins of ['*', ['example.org'], ['https://example.org/'], [null]]) {
      expect(() => new Access({ origins: origins as never }, 1, false), String(origins)).to.throw(
        ClientError,
        'option origins',
      )
    }
  })
})
