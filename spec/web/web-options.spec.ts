// What `listenWeb` takes, what it means where nothing is said, and what it refuses by name.
import { createServer } from 'node:http'
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { requireGrace, requirePath, resolveWebOptions, type WebOptions } from '../../lib/features/web/web-options.ts'

const resolved = (given: object) => resolveWebOptions(given as WebOptions, '/isock')

function refusalOf(given: object): string {
  return messageOf(() => resolved(given))
}

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).to.be.instanceOf(ClientError)
    expect((error as ClientError).code).to.equal('INVALID_OPTION')
    return (error as ClientError).message
  }
  return 'it was taken'
}

const gateway = { name: 'hello', mount: () => ({ close: async () => undefined }) }

describe('The options of a web port', () => {
  it('have their defaults where nothing is said', () => {
    const { isProxy, ...rest } = resolved({ port: 0 })
    expect(rest).to.deep.equal({
      port: 0,
      host: '127.0.0.1',
      path: '/isock',
      gateways: [],
      maxConnections: 10_000,
      keepAliveTimeoutMs: 65_000,
      headersTimeoutMs: 10_000,
    })
    expect(isProxy('127.0.0.1')).to.equal(false)
  })

  it('are kept where they are given', () => {
    const given = {
      port: 8_080,
      host: '::1',
      path: '/ws',
      gateways: [gateway],
      maxConnections: 1,
      keepAliveTimeoutMs: 0,
      headersTimeoutMs: 1,
      browserModule: '/isock.js',
      static: 'public',
      hosts: ['example.org'],
    }
    const { isProxy, ...rest } = resolved({ ...given, trustProxy: ['10.0.0.1'] })
    expect(rest).to.deep.equal({ ...given, trustProxy: ['10.0.0.1'] })
    expect([isProxy('10.0.0.1'), isProxy('10.0.0.2')]).to.deep.equal([true, false])
  })

  it('need a port or a server', () => {
    expect(refusalOf({})).to.match(/port.*an HTTP server as the option server/)
    expect(resolved({ server: createServer() }).port).to.equal(0)
    expect(resolved({ server: createServer() }).keepAliveTimeoutMs).to.equal(65_000)
  })

  it('take neither port nor TLS, nor times and proxies of connections beside a server', () => {
    const server = createServer()
    for (const more of [{ port: 0 }, { tls: {} }, { port: 0, tls: {} }])
      expect(refusalOf({ server, ...more })).to.include('no port and no tls together with server')
    expect(refusalOf({ server, proxyProtocol: ['10.0.0.1'] })).to.match(
      /proxyProtocol.*no proxyProtocol together with server/,
    )
    expect(refusalOf({ server, keepAliveTimeoutMs: 0 })).to.match(/keepAliveTimeoutMs.*nothing together with server/)
    expect(refusalOf({ server, headersTimeoutMs: 1 })).to.match(/headersTimeoutMs.*nothing together with server/)
    expect(resolved({ port: 0, proxyProtocol: ['10.0.0.1'] }).proxyProtocol).to.deep.equal(['10.0.0.1'])
  })

  it('say what to pass in the place of an application', () => {
    const use = (): void => undefined
    const listen = use
    expect(refusalOf({ server: { server: createServer(), listen, use } })).to.include('app.server')
    expect(refusalOf({ server: { listen, use } })).to.include('an application of Express or Koa returns it')
    for (const server of [
      { use },
      { listen },
      { server: {}, listen },
      { server: createServer() },
      { address: 7 },
      7,
      null,
      'a',
    ])
      expect(refusalOf({ server })).to.include('such as an application of Express returns')
  })

  it('take an application of Express as no server, which is a function', () => {
    const app = Object.assign(() => undefined, { listen: () => undefined, use: () => undefined, address: () => 'a' })
    expect(refusalOf({ server: app })).to.include('an application of Express or Koa returns it')
  })

  it('refuse what is no gateway, or no list of them', () => {
    for (const gateways of [gateway, [gateway, {}], [null], [7], ['igor'], [() => gateway], [{ mount: 7 }]])
      expect(refusalOf({ port: 0, gateways })).to.match(/gateways.*a list of gateways/)
  })

  it('refuse a directory that is no path', () => {
    for (const directory of ['', 7, null, ['a']])
      expect(refusalOf({ port: 0, static: directory })).to.match(/static.*the path of a directory/)
  })

  it('refuse addresses, paths, numbers and TLS that are none', () => {
    for (const [name, value] of [
      ['host', ''],
      ['port', 70_000],
      ['path', 'a'],
      ['browserModule', 'isock.js'],
      ['maxConnections', 0],
      ['keepAliveTimeoutMs', -1],
      ['headersTimeoutMs', 0],
      ['trustProxy', 'loopback'],
      ['tls', {}],
      ['hosts', undefined],
      ['oringins', []],
    ] as const)
      expect(refusalOf({ port: 0, [name]: value }), name).to.include(name)
  })
})

describe('requirePath', () => {
  it('takes one slash from the end, except of the root', () => {
    expect(['/', '/a', '/a/', '/a/b/', '//'].map((path) => requirePath('path', path))).to.deep.equal([
      '/',
      '/a',
      '/a',
      '/a/b',
      '/',
    ])
  })

  it('refuses what is no path', () => {
    for (const path of ['', 'a', '/a?b', '/a#b', '/a b', 7, undefined])
      expect(messageOf(() => requirePath('path', path))).to.include("a path that begins with '/'")
  })
})

describe('requireGrace', () => {
  it('takes milliseconds from 0 on, and nothing else', () => {
    for (const graceMs of [0, 0.5, 1_000]) requireGrace(graceMs)
    for (const graceMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, '7', undefined])
      expect(
        messageOf(() => requireGrace(graceMs)),
        String(graceMs),
      ).to.include('graceMs')
  })
})
