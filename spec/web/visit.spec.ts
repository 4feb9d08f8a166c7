// From a request to who makes it, from where, and for what.
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { expect } from 'chai'
import type { WebVisit } from '../../lib/features/web/gateway.ts'
import type { Refusal } from '../../lib/features/web/refusal.ts'
import { visitOf } from '../../lib/features/web/visit.ts'

interface Asked {
  readonly url?: string | undefined
  readonly from?: string | undefined
  readonly headers?: Record<string, string>
  readonly rawHeaders?: string[]
  readonly socket?: object
}

function requestOf({ url = '/', from = '10.0.0.1', headers = {}, rawHeaders, socket }: Asked): IncomingMessage {
  const raw = rawHeaders ?? Object.entries(headers).flat()
  const peer = socket ?? { remoteAddress: from, remotePort: 5_000 }
  return { url, headers, rawHeaders: raw, socket: peer } as unknown as IncomingMessage
}

const visited = (asked: Asked, isProxy?: (address: string) => boolean): WebVisit =>
  visitOf(requestOf(asked), 'http', isProxy) as WebVisit
const pathOf = (url: string): string => visited({ url }).url.href.replace('http://isock', '')
const refused = (request: IncomingMessage): Refusal => visitOf(request, 'http') as Refusal

describe('visitOf', () => {
  it('gives the request, its URL, and the peer', () => {
    const request = requestOf({ url: '/a?b=c' })
    const { request: same, url, peer } = visitOf(request, 'websocket') as WebVisit
    expect(same).to.equal(request)
    expect(url.pathname + url.search).to.equal('/a?b=c')
    expect(peer).to.deep.equal({
      transport: 'websocket',
      description: '10.0.0.1:5000',
      address: '10.0.0.1',
      isPrivate: false,
    })
  })

  it('takes one slash from the end of a path, except of the root', () => {
    expect(['/', '/a', '/a/', '/a//', '//a/', '/a/?b/'].map(pathOf)).to.deep.equal([
      '/',
      '/a',
      '/a',
      '/a/',
      '//a',
      '/a?b/',
    ])
  })

  it('refuses a target that is no path', () => {
    const noTarget = { ...requestOf({}), url: undefined } as unknown as IncomingMessage
    const targets = ['*', 'http://elsewhere/', 'a', ''].map((url) => requestOf({ url }))
    for (const request of [...targets, noTarget])
      expect(refused(request)).to.deep.equal({ status: 400, message: 'expected a path that begins with /' })
  })

  it('refuses two headers where each proxy on the way may have judged another', () => {
    for (const name of ['host', 'origin', 'authorization']) {
      const twice = requestOf({ rawHeaders: [name.toUpperCase(), 'a', 'x', 'y', name, 'b'] })
      expect(refused(twice)).to.deep.equal({ status: 400, message: `this request has several headers ${name}` })
    }
  })

  it('takes other headers as often as they come, and values that look like names', () => {
    const rawHeaders = ['Host', 'host', 'Cookie', 'a', 'cookie', 'b', 'Hosts', 'c', 'vary', 'origin', 'vary', 'origin']
    expect(visited({ rawHeaders }).url.pathname).to.equal('/')
  })

  it('writes an address of IPv6 in brackets', () => {
    expect(visited({ from: 'fe80::1' }).peer.description).to.equal('[fe80::1]:5000')
  })

  it('takes a socket without an address for one', () => {
    expect(visited({ socket: { remotePort: 5_000 } }).peer.address).to.equal('')
  })

  it('holds a loopback address for private', () => {
    expect(visited({ from: '127.0.0.1' }).peer.isPrivate).to.equal(true)
  })

  it('believes what a trusted proxy says of the client, and names both', () => {
    const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
    const { peer } = visited({ headers }, (address) => address === '10.0.0.1')
    expect(peer.address).to.equal('192.0.2.7')
    expect(peer.description).to.equal('192.0.2.7 by 10.0.0.1:5000')
    expect(peer.isPrivate).to.equal(true)
    const plain = { ...headers, 'x-forwarded-proto': 'http' }
    expect(visited({ headers: plain }, () => true).peer.isPrivate).to.equal(false)
  })

  it('trusts no proxy where none is named', () => {
    expect(visited({ headers: { 'x-forwarded-for': '192.0.2.7' } }).peer.address).to.equal('10.0.0.1')
  })

  it('holds a TLS connection for private, without a certificate where the client shows none', () => {
    const socket = new TLSSocket(new Socket())
    const { peer } = visited({ socket })
    expect(peer.isPrivate).to.equal(true)
    expect('certificate' in peer).to.equal(false)
    socket.destroy()
  })
})
