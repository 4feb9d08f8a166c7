// Server and client bundled and minified apart, as users ship them: what a minifier names is refused, and what is named runs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import { MemoryNetwork } from '../../lib/core/link/memory-network.ts'
import type { Client, Server } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'

interface ServerSide {
  makeServer(options: object): Server
  addAll(server: Server): void
  addNamed(server: Server): void
  addTree(server: Server): void
}
interface ClientSide {
  makeClient(dial: () => unknown): Client
  pay(client: Client): Promise<string>
  greet(client: Client): Promise<string>
  payByPath(client: Client): Promise<unknown>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('a minified build', function () {
  this.timeout(120_000)
  let directory: string
  const network = new MemoryNetwork()
  let server: Server
  let client: Client

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-minified-'))
  })
  after(() => rmSync(directory, { recursive: true, force: true }))
  afterEach(async () => {
    await client?.close()
    await server?.shutdown({ graceMs: 0 })
  })

  async function sides(how: string, options: { minify: boolean; keepNames: boolean }) {
    const outdir = join(directory, how)
    await build({
      absWorkingDir: root,
      entryPoints: ['spec/action/minified/server-side.ts', 'spec/action/minified/client-side.ts'],
      outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/')" },
      ...options,
    })
    const load = (side: string): Promise<unknown> => import(pathToFileURL(join(outdir, `${side}-side.mjs`)).href)
    const [serverSide, clientSide] = [(await load('server')) as ServerSide, (await load('client')) as ClientSide]
    server = serverSide.makeServer({ address: 'memory:minified', network })
    client = clientSide.makeClient(() => network.dial('minified'))
    return { serverSide, clientSide }
  }

  longIt('is refused at both sides for classes that have no name of their own', async () => {
    const { serverSide, clientSide } = await sides('bare', { minify: true, keepNames: false })
    expect(() => serverSide.addAll(server))
      .to.throw(
        /^class name "\w{1,2}" looks minified: give the class a `static actionName = '...'`, or build with keepN/,
      )
      .with.property('code', 'INVALID_ACTION')
    const error = await clientSide.pay(client).catch((reason: unknown) => reason)
    expect(error)
      .to.have.property('message')
      .that.matches(/^class name "[\w$]{1,2}" looks minified/)
    expect(error).to.include({ name: 'ClientError', notStarted: true })
  })

  longIt('runs what has a static name, and what has an explicit path however short', async () => {
    const { serverSide, clientSide } = await sides('named', { minify: true, keepNames: false })
    serverSide.addNamed(server)
    serverSide.addTree(server)
    await server.listen()
    expect(await clientSide.greet(client)).to.equal('hello Ann')
    expect(await clientSide.payByPath(client)).to.equal('paid 5')
  })

  it('runs everything where it keeps names', async () => {
    const { serverSide, clientSide } = await sides('kept', { minify: true, keepNames: true })
    serverSide.addAll(server)
    await server.listen()
    expect(await clientSide.pay(client)).to.equal('paid 5')
  })
})
