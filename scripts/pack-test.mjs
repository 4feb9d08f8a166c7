// Packs the package, installs the tarball into an empty folder, and uses it there as its users do: from an ES module,
// from CommonJS, from the command line, and from TypeScript under both module resolutions and both compilers. First alone, within
// its budget, where each feature that needs more says what to install; then with the packages of one feature after the other.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { devDependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const limitMs = 180_000

/** What `npm i isock` may bring, itself included. */
const most = { packages: 25, bytes: 8_000_000 }

/** The packages of each feature, in the order in which they are added. `threads` runs a daemon too, whose action has a thread. */
const groups = {
  threads: ['piscina'],
  daemon: ['proper-lockfile', 'rotating-file-stream'],
  static: ['send'],
  data: ['@mikro-orm/core', '@mikro-orm/libsql'],
  csv: ['csv-parse', 'csv-stringify'],
  passwords: ['@node-rs/argon2', 're2js'],
  tracim: ['eventsource'],
}

const work = mkdtempSync(join(tmpdir(), 'isock-pack-'))
try {
  const consumer = join(work, 'consumer')
  mkdirSync(consumer)
  writeFiles(consumer, { 'package.json': '{ "name": "consumer", "private": true }', ...scripts(), ...typeScript() })
  const program = (name, ...args) => run(consumer, process.execPath, [name, ...args])
  const install = (...packages) =>
    run(consumer, 'npm', ['install', '--silent', '--no-audit', '--no-fund', '--no-save', ...packages])
  const command = join(consumer, 'node_modules', '.bin', 'isock')

  run(root, 'npm', ['pack', '--silent', '--pack-destination', work])
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no tarball')
  run(consumer, 'npm', ['install', '--silent', '--no-audit', '--no-fund', join(work, tarball)])

  step('its size', () => checkSize(join(consumer, 'node_modules')))
  step('an ES module', () => program('consumer.mjs'))
  step('a CommonJS module', () => program('consumer.cjs'))
  step('the web: a WebSocket, HTTP, the browser module, a page bundled', () => {
    program('web.mjs')
    const dist = join(consumer, 'node_modules', 'isock', 'dist')
    const found = readdirSync(dist).filter((name) => /browser.*(js|br|gz|map)$/.test(name) && !name.includes('.d.'))
    const wanted = ['browser.js', 'browser.js.br', 'browser.js.gz', 'isock-browser.js.map.gz']
    if (found.sort().join() !== wanted.join()) fail(`the files for browsers are ${found}`)
    const chunks = readdirSync(dist).filter((name) => name.startsWith('isock-callee-'))
    if (chunks.length !== 4) fail(`what the module for browsers loads later is ${chunks}`)
    const bundle = ['page.mjs', '--bundle', '--format=esm', '--platform=browser', '--outfile=page.out.js']
    run(consumer, join(root, 'node_modules', '.bin', 'esbuild'), bundle)
    if (/["']node:/.test(readFileSync(join(consumer, 'page.out.js'), 'utf8'))) fail('a page would load modules of Node')
  })
  step('the isock command: help, a call to its own server', () => {
    run(consumer, command, ['--help'])
    program('command.mjs', command)
  })
  step('what is missing, and the line that installs it', () => program('missing.mjs'))

  const packagesOf = (group) => groups[group].map((name) => `${name}@${peerDependencies[name]}`)
  // npm removes what is not saved when it installs something else.
  const installed = []
  const installAlso = (group) => {
    installed.push(...packagesOf(group))
    install(...installed)
  }
  step('threads', () => {
    installAlso('threads')
    program('threads.mjs')
  })
  step('a daemon', () => {
    installAlso('daemon')
    program('daemon.mjs')
  })
  step('static files, and a server with them bundled into one file', () => {
    installAlso('static')
    const bundle = ['bundled.mjs', '--bundle', '--format=esm', '--platform=node', '--log-level=error']
    run(consumer, join(root, 'node_modules', '.bin', 'esbuild'), [...bundle, '--outfile=out.mjs'])
    program('out.mjs')
  })
  step('a store of data', () => {
    installAlso('data')
    program('data.mjs')
  })
  step('files, passwords and patterns of data', () => {
    installAlso('csv')
    installAlso('passwords')
    program('csv.mjs')
  })
  step('Tracim', () => {
    installAlso('tracim')
    program('tracim.mjs')
  })
  install(...installed, `@types/node@${devDependencies['@types/node']}`)
  for (const [compiler, path] of [
    ['TypeScript 6', join('typescript', 'bin', 'tsc')],
    ['TypeScript 7', join('@typescript', 'native', 'bin', 'tsc')],
  ]) {
    for (const resolution of ['nodenext', 'bundler']) {
      const tsc = join(root, 'node_modules', path)
      step(`${compiler}, ${resolution}`, () => run(consumer, process.execPath, [tsc, '-p', `${resolution}.json`]))
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}

function checkSize(modules) {
  const files = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  const count = Object.keys(packages).length
  console.log(`  ${count} packages, ${(bytes / 1e6).toFixed(1)} MB`)
  if (count > most.packages || bytes > most.bytes)
    fail(`${count} packages and ${bytes} bytes are more than ${JSON.stringify(most)}`)
  const native = files.filter(({ name }) => name.endsWith('.node')).map(({ name }) => name)
  if (native.length > 0) fail(`it brings native code: ${native}`)
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
import { threads } from 'isock/threads'
import { Square } from './square.mjs'

const server = new Server('localhost', 0, { features: [threads()] })
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
import { listenWeb } from 'isock/web'

class Echo extends Action {
  action(text) {
    return text
  }
}
const server = new Server()
server.addAction(new Echo())
const web = await listenWeb(server, { port: 0, browserModule: '/isock.js', gateways: [http(), igor(), lexicons()] })
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
const [, later] = /import\\("\\.\\/(isock-callee-.*?)"\\)/.exec(module)
const chunk = await (await fetch(web.url + '/' + later)).text()
if (!chunk.startsWith('export default')) throw new Error('what the module loads later is ' + chunk)
const [, map] = /sourceMappingURL=(.+)/.exec(module)
const sources = await (await fetch(web.url + '/' + map.trim())).json()
await server.shutdown()
if (text !== 'hi' || (await answer.json()) !== 'hi') throw new Error('Echo returned something else')
if (module.length < 10_000) throw new Error('the module for browsers is ' + module)
if (!isSame || !/^br, .*immutable/.test(said)) throw new Error('the module for a year is sent as ' + said)
if (!sources.sources.join().includes('lib/core/session/session.ts')) throw new Error('the source map has no sources')
`,
    'bundled.mjs': `import { Client, Server } from 'isock'
import { listenWeb } from 'isock/web'

const server = new Server().addActions({ echo: (text) => text })
const web = await listenWeb(server, { port: 0, static: '.' })
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
import { data, field, Model } from 'isock/data'

class Note extends Model {
  text = field.text()
}
class Add extends Action {
  async action(text, { db }) {
    await db.create(Note, { text })
    return db.count(Note)
  }
}
const server = new Server({ port: 0, host: 'localhost', features: [data({ models: [Note] })] })
server.addAction(new Add())
await server.listen()
const client = new Client(server.addresses[0])
await client.runAction(Add, 'one')
const count = await client.runAction(Add, 'two')
await client.close()
await server.shutdown()
if (count !== 2) throw new Error('there are ' + count)
`,
    'csv.mjs': `import { contains, Database, field, hashPassword, matches, Model, verifyPassword } from 'isock/data'

class Note extends Model {
  text = field.text()
}
const database = await new Database({ models: [Note] }).open()
await database.migrate()
await database.transaction((db) => db.create(Note, { text: 'tea' }))
await database.save('files', { format: 'csv' })
await database.load('files', { format: 'csv', replace: true })
const count = await database.transaction((db) => db.count(Note, { text: matches('^t.a$') }))
if (count !== 1) throw new Error('there are ' + count)
if (!(await verifyPassword(await hashPassword('secret'), 'secret'))) throw new Error('the password is wrong')
await database.close()
`,
    'tracim.mjs': `import { TracimSource } from 'isock/tracim'

const source = new TracimSource({ url: 'http://127.0.0.1:1', username: 'a', password: 'b' })
const abort = new AbortController()
setTimeout(() => abort.abort(), 500)
const refused = await source.connect(abort.signal).then(() => 'connected', (error) => error.code)
if (refused !== 'UNREACHABLE') throw new Error(refused)
`,
    'missing.mjs': `import { Server } from 'isock'
import { data, Database, field, hashPassword, Model } from 'isock/data'
import { runInBackground } from 'isock/daemon'
import { threads } from 'isock/threads'
import { listenWeb } from 'isock/web'

class Note extends Model {
  text = field.text()
}
const refusals = [
  [() => new Server({ features: [data({ models: [Note] })] }), 'isock/data needs @mikro-orm/core and @mikro-orm/libsql: npm i '],
  [() => new Database({ models: [Note], url: 'postgres://a@b/c' }), 'isock/data needs @mikro-orm/core and @mikro-orm/postgresql: npm i '],
  [() => new Server({ features: [threads()] }), 'isock/threads needs piscina: npm i piscina@'],
  [() => listenWeb(new Server(), { port: 0, static: '.' }), 'the option static of listenWeb needs send: npm i send@'],
  [() => runInBackground({ module: './square.mjs', stateDir: './none' }), 'isock/daemon needs proper-lockfile and rotating-file-stream: npm i '],
  [() => hashPassword('secret'), 'a password needs @node-rs/argon2: npm i @node-rs/argon2@'],
]
for (const [make, start] of refusals) {
  let said = 'nothing'
  try {
    await make()
  } catch (error) {
    said = error.code + ' ' + error.message
  }
  if (!said.startsWith('MISSING_PACKAGE ' + start)) throw new Error(said + ', and not ' + start)
}
`,
    'command.mjs': `import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

const [, , command] = process.argv
const server = spawn(command, ['serve', 'echo.mjs', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
let said = ''
for await (const text of server.stdout.setEncoding('utf8')) {
  said += text
  if (/listening at \\S+\\n/.test(said)) break
}
const [, address] = /listening at (\\S+)/.exec(said)
const called = spawnSync(command, ['call', address, 'Echo', '"hi"'], { encoding: 'utf8' })
const listed = spawnSync(command, ['ls', address], { encoding: 'utf8' })
server.kill('SIGTERM')
const [code] = await once(server, 'exit')
if (called.stdout !== '"hi"\\n' && called.stdout !== 'hi\\n') throw new Error('call said ' + called.stdout + called.stderr)
if (!listed.stdout.includes('Echo')) throw new Error('ls said ' + listed.stdout + listed.stderr)
if (code !== 0) throw new Error('serve ended with ' + code)
`,
    'echo.mjs': `import { Action } from 'isock'

export class Echo extends Action {
  action(text) {
    return text
  }
}
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
import { data, type Db, field, Model } from 'isock/data'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons } from 'isock/lexicons'
import { threads } from 'isock/threads'
import { TracimDaemonClient, type TracimDaemonOptions } from 'isock/tracim'
import { listenWeb } from 'isock/web'

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
export const withFeatures = (): Server => new Server('localhost', 0, { features: [data({ models: [Note] }), threads({ max: 1 })] })
export const noteCount = (server: Server): Promise<number> => server.db.transaction((db) => db.count(Note))
export const page = (): BrowserClient => new BrowserClient('ws://localhost:1')
export const web = (server: Server) => listenWeb(server, { port: 0, gateways: [http(), igor(), lexicons()] })

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
