// Packs the package, installs the tarball into an empty folder, and uses it there as its users do: from an ES module,
// from CommonJS, and from TypeScript under both module resolutions and both compilers.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const limitMs = 180_000

const work = mkdtempSync(join(tmpdir(), 'isock-pack-'))
try {
  const consumer = join(work, 'consumer')
  mkdirSync(consumer)
  writeFiles(consumer, { 'package.json': '{ "name": "consumer", "private": true }', ...scripts(), ...typeScript() })

  run(root, 'npm', ['pack', '--silent', '--pack-destination', work])
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no tarball')
  const nodeTypes = `@types/node@${devDependencies['@types/node']}`
  run(consumer, 'npm', ['install', '--silent', '--no-audit', '--no-fund', join(work, tarball), nodeTypes])

  step('an ES module', () => run(consumer, process.execPath, ['consumer.mjs']))
  step('a thread', () => run(consumer, process.execPath, ['threads.mjs']))
  step('a daemon', () => run(consumer, process.execPath, ['daemon.mjs']))
  step('the web: a WebSocket, HTTP, the browser module, a page bundled', () => {
    run(consumer, process.execPath, ['web.mjs'])
    const dist = join(consumer, 'node_modules', 'isock', 'dist')
    const found = readdirSync(dist).filter((name) => /browser.*(js|br|gz|map)$/.test(name) && !name.includes('.d.'))
    const wanted = ['browser.js', 'browser.js.br', 'browser.js.gz', 'isock-browser.js.map']
    if (found.sort().join() !== wanted.join()) fail(`the files for browsers are ${found}`)
    const bundle = ['page.mjs', '--bundle', '--format=esm', '--platform=browser', '--outfile=page.out.js']
    run(consumer, join(root, 'node_modules', '.bin', 'esbuild'), bundle)
    if (/["']node:/.test(readFileSync(join(consumer, 'page.out.js'), 'utf8'))) fail('a page would load modules of Node')
  })
  step('a server with a web port, bundled into one file', () => {
    const bundle = [
      'bundled.mjs',
      '--bundle',
      '--format=esm',
      '--platform=node',
      '--log-level=error',
      '--outfile=out.mjs',
    ]
    const external = ['--external:@mikro-orm/*', '--external:@node-rs/*']
    run(consumer, join(root, 'node_modules', '.bin', 'esbuild'), [...bundle, ...external])
    run(consumer, process.execPath, ['out.mjs'])
  })
  step('a store of data', () => run(consumer, process.execPath, ['data.mjs']))
  step('a CommonJS module', () => run(consumer, process.execPath, ['consumer.cjs']))
  for (const [compiler, path] of [
    ['TypeScript 6', join('typescript', 'bin', 'tsc')],
    ['TypeScript 7', join('@typescript', 'native', 'bin', 'tsc')],
  ]) {
    for (const resolution of ['nodenext', 'bundler']) {
      const tsc = join(root, 'node_modules', path)
      step(`${compiler}, ${resolution}`, () => run(consumer, process.execPath, [tsc, '-p', `${resolution}.json`]))
    }
  }
  const command = join(consumer, 'node_modules', '.bin', 'isock')
  if (existsSync(command)) step('the isock command', () => run(consumer, command, ['--help']))
} finally {
  rmSync(work, { recursive: true, force: true })
}

function step(name, action) {
  action()
  console.log(`  ${name}: ok`)
}

function run(cwd, command, args) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: limitMs,
  })
  if (status === 0) return
  const why = error?.message ?? signal ?? `exit code ${status}`
  console.error(`pack-test: ${[command, ...args].join(' ')}: ${why}\n${stdout}${stderr}`)
  rmSync(work, { recursive: true, force: true })
  process.exit(1)
}

function fail(reason) {
  console.error(`pack-test: ${reason}`)
  rmSync(work, { recursive: true, force: true })
  process.exit(1)
}

function writeFiles(folder, files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

function scripts() {
  const body = `
class Echo extends Action {
  action(text) {
    if (text === 'throw') throw new RangeError('thrown on purpose')
    return text
  }
}

class News extends Channel {}

async function main() {
  const server = new Server('localhost', 0)
  server.addAction(new Echo()).addChannel(new News())
  await server.listen()
  const client = new Client(server.addresses[0])
  const news = client.subscribe(News)
  await news.ready
  await server.channel(News).publish('fresh')
  for await (const story of news) {
    if (story !== 'fresh') throw new Error('News told ' + story)
    break
  }
  const text = await client.runAction(Echo, 'hi')
  if (text !== 'hi') throw new Error('Echo returned ' + text)
  const thrown = await client.runAction(Echo, 'throw').then(() => undefined, (error) => error)
  if (!(thrown instanceof RangeError)) throw new Error('Echo threw ' + thrown)
  await client.close()
  await server.shutdown()
}

// A process that does not end by itself is a failure, and so is one that ends before main() has.
const limit = setTimeout(() => { console.error('still running after 20 s'); process.exit(1) }, 20_000)
limit.unref()
process.exitCode = 1
main().then(() => { process.exitCode = 0 })
`
  return {
    'square.mjs': `import { threadId } from 'node:worker_threads'
import { Action } from 'isock'

export class Square extends Action {
  static threaded = import.meta.url

  action(side) {
    return { area: side * side, isInThread: threadId !== 0 }
  }
}
`,
    'threads.mjs': `import { Client, Server } from 'isock'
import { Square } from './square.mjs'

const server = new Server('localhost', 0)
server.addAction(new Square())
await server.listen()
const client = new Client(server.addresses[0])
const { area, isInThread } = await client.runAction(Square, 3)
if (area !== 9 || !isInThread) throw new Error('the area is ' + area + ', made in a thread: ' + isInThread)
await client.close()
await server.shutdown()
`,
    'daemon.mjs': `import { Client } from 'isock'
import { runInBackground } from 'isock/daemon'

const daemon = await runInBackground({ module: './square.mjs', stateDir: './state' })
const client = new Client(daemon.address)
const { area } = await client.runAction('Square', 3)
await client.close()
await daemon.stop()
if (area !== 9) throw new Error('the area is ' + area)
`,
    'web.mjs': `import { Action, Client, Server } from 'isock'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons } from 'isock/lexicons'

class Echo extends Action {
  action(text) {
    return text
  }
}
const server = new Server()
server.addAction(new Echo())
const web = await server.listenWeb({ port: 0, browserModule: '/isock.js', gateways: [http(), igor(), lexicons()] })
const client = new Client(web.address)
const text = await client.runAction(Echo, 'hi')
await client.close()
const answer = await fetch(web.url + '/actions/Echo', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '"hi"',
})
const module = await (await fetch(web.url + '/isock.js')).text()
const lasting = await fetch(web.url + web.browserModule, { headers: { 'accept-encoding': 'br' } })
const said = lasting.headers.get('content-encoding') + ', ' + lasting.headers.get('cache-control')
const isSame = (await lasting.text()) === module
const [, map] = /sourceMappingURL=(.+)/.exec(module)
const sources = await (await fetch(web.url + '/' + map.trim())).json()
await server.shutdown()
if (text !== 'hi' || (await answer.json()) !== 'hi') throw new Error('Echo returned something else')
if (module.length < 10_000) throw new Error('the module for browsers is ' + module)
if (!isSame || !/^br, .*immutable/.test(said)) throw new Error('the module for a year is sent as ' + said)
if (!sources.sources.join().includes('lib/core/session/session.ts')) throw new Error('the source map has no sources')
`,
    'bundled.mjs': `import { Client, Server } from 'isock'

const server = new Server().addActions({ echo: (text) => text })
const web = await server.listenWeb({ port: 0, static: '.' })
const client = new Client(web.address)
const text = await client.runAction('echo', 'hi')
await client.close()
const { status } = await fetch(web.url + '/package.json')
await server.shutdown()
if (text !== 'hi' || status !== 200) throw new Error('echo returned ' + text + ', static files ' + status)
`,
    // What a page imports: the package's browser condition must give it the module without Node.
    'page.mjs': `import { Client } from 'isock'
import { Client as Same } from 'isock/browser'
if (Client !== Same) throw new Error('two clients')
export const client = new Client('ws://localhost:1')
`,
    'data.mjs': `import { Action, Server, Client } from 'isock'
import { field, Model } from 'isock/data'

class Note extends Model {
  text = field.text()
}
class Add extends Action {
  async action(text, { db }) {
    await db.create(Note, { text })
    return db.count(Note)
  }
}
const server = new Server({ port: 0, host: 'localhost', data: { models: [Note] } })
server.addAction(new Add())
await server.listen()
const client = new Client(server.addresses[0])
await client.runAction(Add, 'one')
const count = await client.runAction(Add, 'two')
await client.close()
await server.shutdown()
if (count !== 2) throw new Error('there are ' + count)
`,
    'consumer.mjs': `import { Action, Channel, Client, Server } from 'isock'\nimport 'isock/tracim'\n${body}`,
    'consumer.cjs': `const { Action, Channel, Client, Server } = require('isock')\nrequire('isock/tracim')\n${body}`,
  }
}

function typeScript() {
  const source = `
import { Action, Client, type Context, IsockError, Server } from 'isock'
import { type Daemon, runInBackground } from 'isock/daemon'
import { Client as BrowserClient } from 'isock/browser'
import { type Db, field, Model } from 'isock/data'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons } from 'isock/lexicons'
import { TracimDaemonClient, type TracimDaemonOptions } from 'isock/tracim'

class Note extends Model {
  text = field.text()
  stars = field.integer({ optional: true })
}

export class AddNote extends Action {
  async action(text: string, { db }: Context) {
    const { pk } = await db.create(Note, { text })
    return pk
  }
}
export const starsOf = async (db: Db): Promise<number | null> => (await db.get(Note, { text: 'x' })).stars
export const page = (): BrowserClient => new BrowserClient('ws://localhost:1')
export const web = (server: Server) => server.listenWeb({ port: 0, gateways: [http(), igor(), lexicons()] })

export const start = (): Promise<Daemon> => runInBackground({ module: './actions.js', name: 'app', port: 4440 })

export const daemonOptions: TracimDaemonOptions = { socketPath: '/run/master.sock', source: (async function* () {})() }
export const userIdOf = (client: TracimDaemonClient): string => client.userId

class Echo extends Action {
  action(text: string) {
    return text
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 1; i <= upTo; i++) yield i
    return 'done'
  }
}

export async function main(): Promise<void> {
  const server = new Server('localhost', 0)
  server.addAction(new Echo())
  server.addAction(new Count())
  await server.listen()
  const client = new Client(server.addresses[0]!)
  try {
    const text: string = await client.runAction(Echo, 'hi')
    // @ts-expect-error the result is a string, not any
    const wrong: number = await client.runAction(Echo, 'hi')
    // @ts-expect-error the input is a string, not any
    await client.runAction(Echo, 1)
    const call = client.runAction(Count, 10)
    for await (const item of call) item.toFixed()
    const result: string = await call
    console.log(text, wrong, result)
  } catch (error) {
    if (error instanceof IsockError) console.log(error.code)
  }
  await client.close()
  await server.shutdown()
}
`
  const strict = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false, // the package's own declarations are what is tested
    noEmit: true,
  }
  const config = (files, options) => JSON.stringify({ compilerOptions: { ...strict, ...options }, files })
  return {
    'consumer.mts': source,
    'consumer.cts': source, // an ES module that is required, which Node 20.19 and nodenext know
    'nodenext.json': config(['consumer.mts', 'consumer.cts'], { module: 'NodeNext', moduleResolution: 'NodeNext' }),
    'bundler.json': config(['consumer.mts'], { module: 'ESNext', moduleResolution: 'Bundler' }),
  }
}
