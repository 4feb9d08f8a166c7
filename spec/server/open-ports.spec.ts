// The warning of a port that everybody gets in by.

import { expect } from 'chai'
import { type Logger, Server, type ServerOptions } from '../../lib/index.ts'
import { listenWeb, type WebOptions } from '../../lib/web.ts'
import { type Certificates, makeCertificates } from '../setup/certificates.ts'
import { printedBy } from '../setup/printed.ts'
import { skip } from '../setup/skip.ts'

describe('A port that lets everybody in', () => {
  let certificates: Certificates
  let server: Server | undefined
  let warnings: string[]

  before(function () {
    certificates = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
  })

  beforeEach(() => {
    warnings = []
  })

  afterEach(async () => {
    await server?.shutdown()
    server = undefined
  })

  async function serve(options: ServerOptions, web?: WebOptions): Promise<string[]> {
    const quiet = (): void => undefined
    const log: Logger = { debug: quiet, info: quiet, error: quiet, warn: (_fields, message) => warnings.push(message) }
    server = new Server({ ...options, log })
    if (options.port !== undefined) await server.listen()
    if (web !== undefined) await listenWeb(server, web)
    return warnings
  }

  it('is warned of once where other machines reach it', async () => {
    const [warning, ...more] = await serve({ host: '0.0.0.0', port: 0 })
    expect(warning).to.match(/^tcp:\/\/0\.0\.0\.0:\d+ can be reached from other machines and admits everyone; set .*/)
    expect(more).to.deep.equal([])
  })

  it('is warned of for a web port too', async () => {
    const [warning] = await serve({}, { host: '0.0.0.0', port: 0 })
    expect(warning).to.match(/^http:\/\/0\.0\.0\.0:\d+ can be reached/)
  })

  it('is warned of where TLS asks clients for no certificate, or takes any', async () => {
    const { server: keys, ca } = certificates
    expect(await serve({ host: '0.0.0.0', port: 0, tls: keys })).to.have.length(1)
    await server?.shutdown()
    const tls = { ...keys, ca, requestCert: true, rejectUnauthorized: false }
    expect(await serve({}, { host: '0.0.0.0', port: 0, tls })).to.have.length(2)
  })

  it('is not warned of at loopback, with a token, or where clients need a certificate', async () => {
    const { server: keys, ca } = certificates
    const quiet: [ServerOptions, WebOptions?][] = [
      [{ port: 0 }, { port: 0 }],
      [
        { host: '0.0.0.0', port: 0, token: 'correct horse' },
        { host: '0.0.0.0', port: 0 },
      ],
      [{ host: '0.0.0.0', port: 0, tls: { ...keys, ca, requestCert: true } }],
    ]
    for (const [options, web] of quiet) {
      expect(await serve(options, web), JSON.stringify(Object.keys(options))).to.deep.equal([])
      await server?.shutdown()
    }
  })

  it('is warned of on standard error where there is no log', async () => {
    const printed = await printedBy(async () => {
      server = await new Server({ host: '0.0.0.0', port: 0 }).listen()
    })
    expect(printed).to.have.length(1)
    expect(printed[0]).to.match(/^isock: tcp:\/\/0\.0\.0\.0:\d+ can be reached/)
  })
})
