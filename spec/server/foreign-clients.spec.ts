// Clients of other protocols at a port of isock: they are told so in their own words, and nobody else notices.

import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { greetingOf } from '../../lib/core/link/foreign-greeting.ts'
import { Action, Client, Server } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

class Ping extends Action {
  action() {
    return 'pong'
  }
}

describe('A client of another protocol', () => {
  let server: Server
  let port: number
  const logged: object[] = []

  beforeEach(async () => {
    logged.length = 0
    const info = (fields: object): void => void logged.push(fields)
    const none = (): void => undefined
    server = new Server('127.0.0.1', 0, { log: { info, debug: none, warn: none, error: none } })
    await server.addAction(new Ping()).listen()
    port = Number(new URL((server.addresses[0] as string).replace('tcp:', 'http:')).port)
  })

  afterEach(async () => {
    await using client = new Client('127.0.0.1', port)
    expect(await client.runAction(Ping)).to.equal('pong')
    await server.shutdown({ graceMs: 0 })
  })

  const say = async (...parts: string[]): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    for (const part of parts) {
      socket.write(part, 'latin1')
      await new Promise((resolve) => setImmediate(resolve))
    }
    return text(socket)
  }

  it('of HTTP gets a 400 that says where HTTP is spoken', async () => {
    const asked = await fetch(`http://127.0.0.1:${port}/`)
    expect(asked.status).to.equal(400)
    expect(await asked.text()).to.equal(
      "this port speaks isock's own protocol, not HTTP; listenWeb opens a port for HTTP\n",
    )
    const web = await listenWeb(server, { port: 0, path: '/live' })
    const posted = await fetch(`http://127.0.0.1:${port}/actions/Ping`, { method: 'POST', body: 'x'.repeat(100_000) })
      .then((response) => response.text())
      .catch(() => '')
    // Its body may still be on the way when the answer has left.
    if (posted !== '') expect(posted).to.contain(`use ${web.url} for HTTP\n`)
    expect(await say('GET / HT', 'TP/1.1\r\n\r\n')).to.contain(`use ${web.url} for HTTP\n`)
    expect(logged.filter((fields) => 'protocol' in fields && fields.protocol === 'HTTP')).to.have.length(3)
  })

  it('of TLS gets an alert, so that an isock client can say what to use', async () => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    await using client = new Client(`tls://127.0.0.1:${port}`, { retry: 0, tls: { rejectUnauthorized: false } })
    const failure = await failureOf(client.runAction(Ping))
    expect(failure.message).to.contain('does the server speak TLS there?')
    await waitFor(() => logged.some((fields) => 'protocol' in fields && fields.protocol === 'TLS'))
  })

  it('of SSH, and of what is not known, is closed', async () => {
    expect(await say('SSH-2.0-OpenSSH_9.6\r\n')).to.equal('')
    expect(logged.at(-1)).to.have.property('protocol', 'SSH')
    const count = logged.length
    expect(await say('EHLO example.org\r\n')).to.equal('')
    expect(logged).to.have.length(count)
  })

  it('is named by its first bytes, and by no others', () => {
    const nameOf = (bytes: string): string | undefined => greetingOf(Buffer.from(bytes, 'latin1'), [])?.protocol
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE', 'PRI'])
      expect(nameOf(`${method} * HTTP/2.0`), method).to.equal('HTTP')
    for (const bytes of ['', 'GET', 'GETS /', 'get / ', 'XGET / ', 'SSH', '\x16\x02', '\x15\x03', '\x03\x16'])
      expect(nameOf(bytes), bytes).to.equal(undefined)
    const ports = ['tcp://127.0.0.1:1', 'wss://a.example:8443/isock', 'ws://[::1]:8080/x']
    const { answer } = greetingOf(Buffer.from('GET / '), ports) as { answer: Uint8Array }
    expect(Buffer.from(answer).toString()).to.contain('use https://a.example:8443, http://[::1]:8080 for HTTP\n')
  })
})
