// Addresses as people write them, and what is said of those that are none.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import {
  type Address,
  defaultWebPath,
  formatAddress,
  isWebAddress,
  parseAddress,
  tcpAddress,
} from '../../lib/core/link/address.ts'
import { requireUseOfTls } from '../../lib/core/link/clear-text.ts'

const forms =
  "'tcp://host:port', 'tls://host:port', 'unix:/path', 'ws://host:port', 'wss://host:port', 'memory:name' or 'host:port'"

function refusalOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).to.be.instanceOf(ClientError)
    expect((error as ClientError).code).to.equal('INVALID_OPTION')
    return (error as Error).message
  }
  throw new Error('it was not refused')
}

describe('An address', () => {
  const read: [string, Address, string?][] = [
    ['tcp://example.org:4440', { transport: 'tcp', host: 'example.org', port: 4440 }],
    ['tls://example.org:4440/', { transport: 'tls', host: 'example.org', port: 4440 }, 'tls://example.org:4440'],
    ['example.org:1', { transport: 'tcp', host: 'example.org', port: 1 }, 'tcp://example.org:1'],
    ['[::1]:65535', { transport: 'tcp', host: '::1', port: 65_535 }, 'tcp://[::1]:65535'],
    ['tcp://[fe80::1%eth0]:0', { transport: 'tcp', host: 'fe80::1%eth0', port: 0 }],
    ['unix:/run/a.sock', { transport: 'unix', path: '/run/a.sock' }],
    ['unix:///run/a.sock', { transport: 'unix', path: '/run/a.sock' }, 'unix:/run/a.sock'],
    ['unix://a.sock', { transport: 'unix', path: '//a.sock' }],
    ['unix:a.sock', { transport: 'unix', path: 'a.sock' }],
    ['http://h:1', { transport: 'ws', host: 'h', port: 1, path: '/isock' }, 'ws://h:1/isock'],
    ['https://h/app/isock', { transport: 'wss', host: 'h', port: 443, path: '/app/isock' }, 'wss://h:443/app/isock'],
    ['HTTPS://h', { transport: 'wss', host: 'h', port: 443, path: '/isock' }, 'wss://h:443/isock'],
    ['memory:orders', { transport: 'memory', name: 'orders' }],
    ['memory:', { transport: 'memory', name: 'default' }, 'memory:default'],
    ['ws://h:1', { transport: 'ws', host: 'h', port: 1, path: defaultWebPath }, 'ws://h:1/isock'],
    ['ws://h/', { transport: 'ws', host: 'h', port: 80, path: defaultWebPath }, 'ws://h:80/isock'],
    ['wss://h/live', { transport: 'wss', host: 'h', port: 443, path: '/live' }, 'wss://h:443/live'],
    ['wss://[::1]:8443/live', { transport: 'wss', host: '::1', port: 8443, path: '/live' }],
  ]
  for (const [text, address, again = text] of read)
    it(`is read from ${text}, and written as ${again}`, () => {
      expect(parseAddress(text)).to.deep.equal(address)
      expect(formatAddress(address)).to.equal(again)
      expect(parseAddress(again)).to.deep.equal(address)
      expect(isWebAddress(address)).to.equal(address.transport.startsWith('ws'))
    })

  it('is of TLS where that is what a bare one means', () => {
    expect(parseAddress('h:1', 'tls')).to.deep.equal({ transport: 'tls', host: 'h', port: 1 })
    expect(parseAddress('tcp://h:1', 'tls')).to.deep.equal({ transport: 'tcp', host: 'h', port: 1 })
  })

  for (const [came, said, hint] of [
    ['example.org', '"example.org"', ', which has no port'],
    [4440, '4440', ', a port without a host'],
    [undefined, 'undefined', '; if it comes from server.addresses, await listen() first'],
    [null, 'null', ''],
    ['unix:', '"unix:"', ''],
    ['ws://', '"ws://"', ''],
    ['ws:h', '"ws:h"', undefined],
    ['a b:1', '"a b:1"', ''],
    ['h:123456', '"h:123456"', ''],
  ] as const)
    if (hint !== undefined)
      it(`is not ${said}`, () => {
        expect(refusalOf(() => parseAddress(came as never))).to.equal(
          `option address: expected ${forms}, got ${said}${hint}`,
        )
      })

  it('has no zero in its path, which would end it', () => {
    expect(refusalOf(() => parseAddress('unix:/run/a\0b'))).to.contain('option address: expected')
  })

  for (const text of ['ws://me@h:1', 'ws://:secret@h:1', 'ws://h:1/?token=secret', 'ws://h:1/#secret'])
    it(`carries no credentials: ${text}`, () => {
      const message = refusalOf(() => parseAddress(text))
      expect(message).to.equal(
        'option address: the URL of h:1 must have no credentials, query or fragment; pass credentials in the option token or credentials',
      )
    })

  it('has a host and a port of 0 to 65535', () => {
    expect(tcpAddress('h', 0)).to.deep.equal({ transport: 'tcp', host: 'h', port: 0 })
    expect(tcpAddress('h', 65_535, 'tls')).to.deep.equal({ transport: 'tls', host: 'h', port: 65_535 })
    for (const host of ['', undefined, 5])
      expect(refusalOf(() => tcpAddress(host as never, 1))).to.match(/^option host: expected a host name or IP address/)
    for (const port of [-1, 65_536, 1.5, Number.NaN, '80'])
      expect(refusalOf(() => tcpAddress('h', port as never))).to.match(
        /^option port: expected a whole number from 0 to 65535/,
      )
    expect(refusalOf(() => parseAddress('h:65536'))).to.contain('option port')
  })
})

describe('The option tls', () => {
  const refusalAt = (...addresses: string[]): string =>
    refusalOf(() => requireUseOfTls(addresses.map((a) => parseAddress(a))))

  it('is used by an address of TLS, beside which there may be others of this machine', () => {
    for (const secure of ['tls://h:1', 'wss://h:1'])
      for (const beside of ['tcp://127.0.0.1:1', 'ws://localhost:1', 'unix:/a', 'memory:a', 'tls://h:2'])
        requireUseOfTls([parseAddress(beside), parseAddress(secure)])
  })

  it('is refused where no address makes use of it, with the one that is meant', () => {
    expect(refusalAt('tcp://h:1', 'ws://h:2')).to.equal(
      'option tls: tcp://h:1, ws://h:2/isock does not use it; use tls://h:1, or omit tls',
    )
    expect(refusalAt('ws://h:2')).to.contain('; use wss://h:2/isock, or omit tls')
    expect(refusalAt('unix:/a')).to.equal('option tls: unix:/a does not use it; omit tls, or add a tls:// address')
    expect(refusalAt()).to.equal('option tls: no address does not use it; omit tls, or add a tls:// address')
  })

  it('is refused beside an address in clear text that leads to another machine', () => {
    expect(refusalAt('tls://h:1', 'unix:/a', 'tcp://127.0.0.1:2', 'tcp://h:3')).to.equal(
      'option tls: tcp://h:3 would still be in clear text; use tls://h:3, or omit tls',
    )
  })
})

describe('A URL as an address', () => {
  it('is what its text is', () => {
    for (const text of ['ws://h:1/live', 'https://h', 'tcp://h:1'])
      expect(parseAddress(new URL(text))).to.deep.equal(parseAddress(text))
    expect(refusalOf(() => parseAddress(new URL('ftp://h')))).to.contain('got "ftp://h/"')
    expect(refusalOf(() => parseAddress(new URL('http://me:secret@h')))).to.not.contain('secret')
  })
})
