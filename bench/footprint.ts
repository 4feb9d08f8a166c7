// npm run bench:footprint: what a server and a client of isock cost before the first call, beside peers: packages and bytes of an install
// into an empty folder, the time of the import, and the memory of a server that listens. Asks npm's registry; changes nothing here.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Contender {
  readonly name: string
  readonly packages: readonly string[]
  /** Imports what a server and a client need, and calls `imported()`; then listens, and calls `listening()`. */
  readonly program: string
}

interface Footprint {
  readonly name: string
  readonly version: string
  readonly packages: number
  readonly megabytes: number
  readonly importMs: number
  readonly idleMegabytes: number
}

const rounds = 7
const root = fileURLToPath(new URL('..', import.meta.url))

const contenders = (tarball: string): readonly Contender[] => [
  {
    name: 'isock',
    packages: [tarball],
    program: `const { Action, Client, Server } = await import('isock')
imported()
class Echo extends Action { action(text) { return text } }
await new Server('127.0.0.1', 0).addAction(new Echo()).listen()
listening()`,
  },
  {
    name: 'Cap’n Web',
    packages: ['capnweb', 'ws'],
    program: `const { RpcTarget, newWebSocketRpcSession } = await import('capnweb')
const { WebSocketServer } = await import('ws')
imported()
class Api extends RpcTarget { echo(text) { return text } }
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('connection', (socket) => newWebSocketRpcSession(socket, new Api()))
server.on('listening', listening)`,
  },
  {
    name: 'tRPC',
    packages: ['@trpc/server', '@trpc/client', 'ws'],
    program: `const { initTRPC } = await import('@trpc/server')
const { applyWSSHandler } = await import('@trpc/server/adapters/ws')
await import('@trpc/client')
const { WebSocketServer } = await import('ws')
imported()
const t = initTRPC.create()
const router = t.router({ echo: t.procedure.query(() => 'hi') })
const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 })
applyWSSHandler({ wss, router })
wss.on('listening', listening)`,
  },
  {
    name: 'Socket.IO',
    packages: ['socket.io', 'socket.io-client'],
    program: `const { Server } = await import('socket.io')
await import('socket.io-client')
const { createServer } = await import('node:http')
imported()
const http = createServer()
new Server(http).on('connection', (socket) => socket.on('echo', (text, answer) => answer(text)))
http.listen(0, '127.0.0.1', listening)`,
  },
  {
    name: 'gRPC',
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    program: `const grpc = (await import('@grpc/grpc-js')).default
await import('@grpc/proto-loader')
imported()
new grpc.Server().bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), listening)`,
  },
  {
    name: 'Moleculer',
    packages: ['moleculer'],
    program: `const { ServiceBroker } = (await import('moleculer')).default
imported()
const broker = new ServiceBroker({ logger: false, transporter: { type: 'TCP', options: { udpDiscovery: false } } })
broker.createService({ name: 'echo', actions: { echo: (ctx) => ctx.params } })
await broker.start()
listening()`,
  },
  {
    name: 'NestJS',
    packages: ['@nestjs/core', '@nestjs/common', '@nestjs/microservices', 'reflect-metadata', 'rxjs'],
    program: `await import('reflect-metadata')
const { NestFactory } = await import('@nestjs/core')
const { Module } = await import('@nestjs/common')
const { Transport } = await import('@nestjs/microservices')
imported()
class App {}
Module({})(App)
const app = await NestFactory.createMicroservice(App, { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 }, logger: false })
await app.listen()
listening()`,
  },
]

const harness = `import { performance } from 'node:perf_hooks'
const startedMs = performance.now()
globalThis.imported = () => { globalThis.importMs = performance.now() - startedMs }
globalThis.listening = () => setTimeout(() => {
  globalThis.gc?.()
  console.log(JSON.stringify({ importMs: globalThis.importMs, idleBytes: process.memoryUsage().rss }))
  process.exit(0)
}, 500)
await import('./program.mjs')
`

const work = mkdtempSync(join(tmpdir(), 'isock-footprint-'))
try {
  npm(root, 'pack', '--silent', '--pack-destination', work)
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no tarball')
  const table: Footprint[] = []
  for (const contender of contenders(join(work, tarball))) {
    process.stderr.write(`${contender.name}\n`)
    table.push(await measure(contender))
  }
  const bare = await medianOf('bare', 'imported(); listening()')
  if (process.argv.includes('--json')) console.log(JSON.stringify({ node: process.version, bare, table }))
  else print(table, bare.idleBytes)
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function measure({ name, packages, program }: Contender): Promise<Footprint> {
  const folder = folderOf(name)
  npm(folder, 'install', '--silent', '--no-audit', '--no-fund', ...packages)
  const modules = join(folder, 'node_modules')
  const files = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = files.reduce((sum, { parentPath, name: file }) => sum + statSync(join(parentPath, file)).size, 0)
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const first = packages[0]?.endsWith('.tgz') ? 'isock' : (packages[0] as string)
  const { importMs, idleBytes } = await medianOf(name, program)
  return {
    name,
    version: lock.packages[`node_modules/${first}`]?.version ?? '?',
    packages: Object.keys(lock.packages).length,
    megabytes: bytes / 1e6,
    importMs,
    idleMegabytes: idleBytes / 1e6,
  }
}

async function medianOf(name: string, program: string): Promise<{ importMs: number; idleBytes: number }> {
  const folder = folderOf(name)
  writeFileSync(join(folder, 'program.mjs'), program)
  writeFileSync(join(folder, 'harness.mjs'), harness)
  const found: { importMs: number; idleBytes: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const child = spawn(process.execPath, ['--expose-gc', 'harness.mjs'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`the process of ${name} ended with ${code}`)
    found.push(JSON.parse(said.trim().split('\n').at(-1) as string))
  }
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[rounds >> 1] as number
  return {
    importMs: middle(found.map(({ importMs }) => importMs)),
    idleBytes: middle(found.map(({ idleBytes }) => idleBytes)),
  }
}

function folderOf(name: string): string {
  const folder = join(work, name.replace(/\W/g, ''))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  return folder
}

function npm(cwd: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`)
}

function print(table: readonly Footprint[], bareBytes: number): void {
  console.log(
    `Node ${process.version}, medians of ${rounds}; a process without anything has ${(bareBytes / 1e6).toFixed(0)} MB.\n`,
  )
  console.log('| | version | packages | MB on disk | import, ms | idle server, MB |\n|---|---|---|---|---|---|')
  for (const { name, version, packages, megabytes, importMs, idleMegabytes } of table)
    console.log(
      `| ${name} | ${version} | ${packages} | ${megabytes.toFixed(1)} | ${importMs.toFixed(0)} | ${idleMegabytes.toFixed(0)} |`,
    )
}
