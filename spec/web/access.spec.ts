// Which Hosts and Origins a web server lets in: exact lists, loopback by default.
import { expect } from 'chai'
import { ClientError } from '../../lib/index.ts'
import { Access, type AccessOptions } from '../../lib/web/access.ts'

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
      expect(refusal({ host, origin }), origin).to.contain('origin are not let in')
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
    expect(refusal({ host: 'app.example', origin }, { hosts: ['app.example'] })).to.contain('origin are not let in')
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
