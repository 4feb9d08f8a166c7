// A server with a web port in one file: what a bundler makes of it runs with no other package than the store's, which have native parts.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { bundlerModules } from '../../scripts/bundler-modules.ts'
import { bundleProgram, imports, linkExternals, sideEffects } from '../setup/bundled.ts'
import { longIt } from '../setup/long.ts'
import { RunningScript } from '../setup/run-script.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a user writes. */
const program = `
import { Action, ActionError, Channel, Client, Server } from 'isock'
import { http } from 'isock/http'
import { listenWeb } from 'isock/web'
class OutOfStock extends ActionError { static wireName = 'OutOfStock'; left = 3 }
class Order extends Action {
  static actionName = 'Order'
  static errors = [OutOfStock]
  action(n) { if (n > 3) throw new OutOfStock('no'); return { at: new Date(0), n } }
}
class News extends Channel { static channelName = 'News' }
async function main() {
  const server = new Server('127.0.0.1', 0)
  server.addAction(new Order()).addChannel(new News())
  await server.listen()
  const web = await listenWeb(server, { port: 0, static: 'public', gateways: [http()] })
  for (const address of [server.addresses[0], web.address]) {
    const client = new Client(address)
    const { at, n } = await client.runAction(Order, 2)
    const { error } = await client.runAction(Order, 9).outcome()
    console.log(at instanceof Date, n, error instanceof OutOfStock, error.left)
    await client.close()
  }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(web.url + '/actions/Order', { method: 'POST', headers, body: '1' })
  console.log(answer.status, (await answer.json()).n, await (await fetch(web.url + '/page.txt')).text())
  await server.shutdown({ graceMs: 0 })
}
main()
`

describe('A server that is bundled into one file', function () {
  this.timeout(120_000)
  let directory: string

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-bundled-'))
    linkExternals(directory)
    mkdirSync(join(directory, 'public'))
    writeFileSync(join(directory, 'public', 'page.txt'), 'a page')
  })

  after(() => rmSync(directory, { recursive: true }))

  for (const format of ['esm', 'cjs'] as const)
    for (const minify of [false, true])
      longIt(`works as ${format}${minify ? ', minified' : ''}`, async () => {
        const outfile = join(directory, `out${minify ? '.min' : ''}.${format === 'esm' ? 'mjs' : 'cjs'}`)
        const warnings = await bundleProgram(program, { format, minify, outfile })
        expect(warnings.filter(({ text }) => !text.includes('import.meta')).map(({ text }) => text)).to.deep.equal([])
        const { stdout, stderr } = await new RunningScript([outfile], { cwd: directory }).ended
        expect(stderr).to.equal('')
        expect(stdout).to.equal('true 2 true 3\ntrue 2 true 3\n200 1 a page\n')
      })

  it('leaves out nothing that is imported for its side effects: there is none, as package.json says', () => {
    expect(sideEffects).to.equal(false)
    const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    )
    expect(sources.length).to.be.greaterThan(100)
    const imports = sources.filter((name) => /^import ['"]/m.test(readFileSync(join(root, 'lib', name), 'utf8')))
    expect(imports).to.deep.equal([])
  })

  it('is made of what Node loads without a bundler', async () => {
    const modules = await bundlerModules()
    for (const { name } of modules) expect(imports[`#${name}`]?.default).to.equal(name)
    expect(modules.map(({ name }) => `#${name}`).sort()).to.deep.equal(Object.keys(imports).sort())
  })
})
