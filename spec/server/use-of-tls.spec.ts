// The option tls beside addresses: it is used, or refused; nothing goes in clear text because a scheme was left out.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { Action, Client, ClientError, MemoryNetwork, Server } from '../../lib/index.ts'
import { type Certificates, makeCertificates } from '../setup/certificates.ts'
import { skip } from '../setup/skip.ts'

class Echo extends Action {
  action(value: string) {
    return value
  }
}

describe('The option tls', () => {
  let certificates: Certificates
  const closers: (() => Promise<unknown> | unknown)[] = []

  before(function () {
    certificates = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
  })

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  function refusalOf(make: () => unknown): string {
    try {
      make()
    } catch (error) {
      expect(error).to.be.instanceOf(ClientError)
      expect(error).to.have.property('code', 'INVALID_OPTION')
      return (error as Error).message
    }
    throw new Error('it was not refused')
  }

  it('makes an address without a scheme tls://, at both sides', async () => {
    const { server: tls, ca } = certificates
    for (const make of [
      () => new Server('localhost:0', { tls }),
      () => new Server({ address: 'localhost:0', tls }),
      () => new Server('localhost', 0, { tls }),
      () => new Server({ host: 'localhost', port: 0, tls }),
    ]) {
      const server = await make().addAction(new Echo()).listen()
      closers.push(() => server.shutdown())
      const [address = ''] = server.addresses
      expect(address).to.match(/^tls:/)
      const bare = address.slice('tls://'.length)
      const clients = [
        new Client(bare, { tls: { ca } }),
        new Client([bare], { tls: { ca } }),
        new Client('localhost', Number(bare.split(':')[1]), { tls: { ca } }),
      ]
      for (const client of clients) {
        closers.push(() => client.close())
        expect(await client.runAction(Echo, 'hi')).to.equal('hi')
      }
    }
  })

  it('leaves nothing of a token on a wire without it', async () => {
    let seen = ''
    const listener = createServer((socket) => {
      socket.setEncoding('latin1').on('error', () => undefined)
      socket.on('data', (text) => {
        seen += text
        socket.destroy()
      })
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    closers.push(() => listener.close())
    const { port } = listener.address() as { port: number }
    const client = new Client(`127.0.0.1:${port}`, { tls: {}, token: 'open-sesame', retry: 0 })
    closers.push(() => client.close())
    expect((await client.runAction(Echo, 'hi').outcome()).ok).to.equal(false)
    expect(seen).to.not.equal('')
    expect(seen).to.not.contain('open-sesame')
  })

  it('is refused where no address of a client uses it, naming both', () => {
    for (const [address, advice] of [
      ['tcp://127.0.0.1:1', 'use tls://127.0.0.1:1,'],
      ['ws://localhost:1', 'use wss://localhost:1/isock,'],
      ['unix:/tmp/x', 'omit tls'],
      ['memory:x', 'omit tls'],
    ] as const) {
      const message = refusalOf(() => new Client(address, { tls: {} }))
      expect(message).to.contain('option tls: ').and.to.contain(address).and.to.contain(advice)
    }
    const dial = () => Promise.reject(new Error('nobody is there'))
    expect(refusalOf(() => new Client('tls://localhost:1', { tls: {}, dial }))).to.contain('beside dial')
  })

  it('is refused where one of several addresses would be in clear text to another machine', () => {
    const message = refusalOf(() => new Client(['tls://a.example:1', 'tcp://b.example:1'], { tls: {} }))
    expect(message).to.contain('tcp://b.example:1 would still be in clear text; use tls://b.example:1,')
    expect(refusalOf(() => new Client(['a.example:1', 'ws://b.example'], { tls: {} }))).to.contain('wss://b.example')
    const { server: tls } = certificates
    expect(refusalOf(() => new Server({ address: ['tls://0.0.0.0:0', 'tcp://0.0.0.0:0'], tls }))).to.contain('tcp://0')
  })

  it('stands beside addresses that do not leave this machine, where one uses it', async () => {
    const network = new MemoryNetwork()
    const { server: tls, ca } = certificates
    const server = new Server({ address: ['tls://localhost:0', 'tcp://127.0.0.1:0', 'memory:x'], tls, network })
    await server.addAction(new Echo()).listen()
    closers.push(() => server.shutdown())
    const client = new Client(server.addresses, { tls: { ca }, network })
    closers.push(() => client.close())
    expect(await client.runAction(Echo, 'hi')).to.equal('hi')
  })

  it('is refused where no address of a server uses it', () => {
    const { server: tls } = certificates
    for (const options of [{ address: 'tcp://127.0.0.1:0', tls }, { path: '/tmp/x', tls }, { tls }])
      expect(
        refusalOf(() => new Server(options)),
        JSON.stringify(Object.keys(options)),
      ).to.contain('does not use it')
  })

  it('has no names but those of Node, as a wrong one would ask for nothing', () => {
    const { server: tls, ca } = certificates
    const wrong = { ...tls, ca, requestCerts: true } as object
    const expected = 'tls: unknown option "requestCerts"; did you mean requestCert?'
    expect(refusalOf(() => new Server({ port: 0, tls: wrong }))).to.equal(expected)
    expect(refusalOf(() => new Client('tls://localhost:1', { tls: { ac: ca } as object }))).to.contain('mean ca')
    for (const name of ['requestCert', 'ca', 'minVersion', 'identify'])
      expect(refusalOf(() => new Server({ port: 0, tls: { ...tls, [name]: undefined } as object }))).to.contain(
        `tls option ${name}: undefined protects nothing`,
      )
    expect(refusalOf(() => new Client('tls://localhost:1', { tls: { ca: undefined } as object }))).to.contain(
      'option ca',
    )
  })
})
