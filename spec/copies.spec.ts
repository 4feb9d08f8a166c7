// Two copies of the package in one process, as when a command is installed apart from the project whose modules it loads:
// what is made with one works with the other. Goes over every public class.

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import * as data from '../lib/data.ts'
import type { http } from '../lib/gateways/http/http.ts'
import type { igor as ownIgor } from '../lib/gateways/igor/igor.ts'
import { type lexicons as ownLexicons, reply } from '../lib/gateways/lexicons/lexicons.ts'
import * as isock from '../lib/index.ts'
import type * as testing from '../lib/testing.ts'
import type { WebGateway } from '../lib/web.ts'
import * as ownWeb from '../lib/web.ts'
import { waitFor } from './setup/wait-for.ts'

type Isock = typeof isock
type AnyClass = abstract new (...args: never[]) => object

/** The modules beside isock and isock/data, as package.json exports them. */
const subpaths = {
  http: 'lib/gateways/http/http.ts',
  igor: 'lib/gateways/igor/igor.ts',
  lexicons: 'lib/gateways/lexicons/lexicons.ts',
  testing: 'lib/testing.ts',
  daemon: 'lib/daemon.ts',
  limits: 'lib/limits.ts',
  threads: 'lib/threads.ts',
  tracing: 'lib/tracing.ts',
  tracim: 'lib/tracim/tracim.ts',
  web: 'lib/web.ts',
}

/**
 * Their classes that are not known across copies: nothing of isock's takes an instance of one, so that nothing asks. A new one
 * is to be branded, or to be added here for that reason.
 */
const ownToEachCopy = [
  'Daemon',
  'Shutdown',
  'SimulationError',
  'TracimDaemon',
  'TracimDaemonClient',
  'TracimSource',
  'VirtualClock',
  'VirtualNetwork',
]

const root = fileURLToPath(new URL('..', import.meta.url))

function classesOf(exported: object): [string, AnyClass][] {
  return Object.entries(exported).filter(
    (entry): entry is [string, AnyClass] => typeof entry[1] === 'function' && /^class\b/.test(String(entry[1])),
  )
}

describe('two copies of the package', function () {
  this.timeout(120_000)
  let directory: string
  let other: Isock
  let otherData: typeof data
  let otherHttp: typeof http
  let otherWeb: typeof ownWeb
  const others: Record<string, object> = {}
  let server: isock.Server
  let client: isock.Client

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'isock-copy-'))
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
    await build({
      absWorkingDir: root,
      entryPoints: { index: 'lib/index.ts', data: 'lib/data.ts', ...subpaths },
      outdir: directory,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      keepNames: true,
      format: 'esm',
      target: 'node20',
      platform: 'node',
      packages: 'external',
      // As Node, and not as a bundler, finds the packages of other forms in dist/, which need not be built.
      conditions: [],
    })
    const load = (name: string): Promise<unknown> => import(pathToFileURL(join(directory, `${name}.mjs`)).href)
    other = (await load('index')) as Isock
    otherData = (await load('data')) as typeof data
    for (const name of Object.keys(subpaths)) others[name] = (await load(name)) as never
    otherWeb = others['web'] as typeof ownWeb
    otherHttp = (others['http'] as { http: typeof http }).http
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  afterEach(async () => {
    await client?.close()
    await server?.shutdown({ graceMs: 0 })
  })

  /** A server of one copy and a client of the other, over a network of the other. */
  async function serve(options: isock.ServerOptions, prepare: (server: isock.Server) => unknown): Promise<void> {
    const network = new other.MemoryNetwork()
    server = new isock.Server({ address: 'memory:copies', network, ...options })
    prepare(server)
    await server.listen()
    client = new other.Client('memory:copies', { network })
  }

  async function failureOf(promise: PromiseLike<unknown>): Promise<Error> {
    try {
      await promise
    } catch (error) {
      return error as Error
    }
    throw new Error('it succeeded')
  }

  it('know the instances of every public class of each other', () => {
    const pairs: [string, AnyClass, AnyClass][] = [
      ...classesOf(isock).map(([name, Class]): [string, AnyClass, AnyClass] => [name, Class, other[name as never]]),
      ...classesOf(data).map(([name, Class]): [string, AnyClass, AnyClass] => [name, Class, otherData[name as never]]),
      ...classesOf(ownWeb).map(([name, Class]): [string, AnyClass, AnyClass] => [name, Class, otherWeb[name as never]]),
    ]
    expect(pairs.length).to.be.above(30)
    for (const [name, Mine, Others] of pairs) {
      expect(Others, name).to.not.equal(Mine)
      class Below extends (Others as new () => object) {}
      for (const prototype of [Others.prototype, Below.prototype] as object[])
        expect(Object.create(prototype) instanceof Mine, `an instance of the other ${name}`).to.equal(true)
      class Own extends (Mine as new () => object) {}
      expect(Object.create(Mine.prototype as object) instanceof Own, `${name} and a subclass of it`).to.equal(false)
      expect(Object.create(Below.prototype) instanceof Own, `${name} and a subclass of the other`).to.equal(false)
      expect({} instanceof Mine || Mine.prototype instanceof Mine, name).to.equal(false)
    }
  })

  it('are asked about no class of the other modules, but for those that are known', () => {
    expect(
      Object.entries(others)
        .filter(([name]) => name !== 'web')
        .flatMap(([, exported]) => classesOf(exported).map(([name]) => name))
        .sort(),
    ).to.deep.equal(ownToEachCopy)
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object }
    const paths = Object.keys(manifest.exports).filter(
      (path) => !['.', './browser', './data', './package.json'].includes(path),
    )
    expect(paths.sort()).to.deep.equal(
      Object.keys(subpaths)
        .map((name) => `./${name}`)
        .sort(),
    )
  })

  it('test actions of each other', async () => {
    class Twice extends isock.Action {
      override action(n: number): number {
        return 2 * n
      }
    }
    const { createHarness } = others['testing'] as typeof testing
    await using harness = await createHarness({ actions: [new Twice() as never] })
    expect(await harness.client.runAction(Twice as never, 4)).to.equal(8)
  })

  it('answer lexicons and Igor clients of a gateway of each other', async () => {
    class Length extends isock.Action {
      override action({ text }: { text: string }, context: isock.Context): number {
        return reply(context, text.length)
      }
    }
    const { lexicons } = others['lexicons'] as { lexicons: typeof ownLexicons }
    const { igor } = others['igor'] as { igor: typeof ownIgor }
    await serve({}, () => server.addAction(new Length()))
    const web = await ownWeb.listenWeb(server, { port: 0, gateways: [lexicons({ path: '/lexicons' }), igor()] })
    const { WebSocket } = await import('ws')
    const answerTo = async (path: string, message: object): Promise<string> => {
      const socket = new WebSocket(`${web.url.replace('http', 'ws')}${path}`)
      try {
        await once(socket, 'open')
        const answered = new Promise<string>((resolve) => {
          socket.on('message', (data) =>
            String(data).includes('"data":2') || String(data).includes('Length') ? resolve(String(data)) : undefined,
          )
        })
        socket.send(JSON.stringify(message))
        return await answered
      } finally {
        socket.terminate()
      }
    }
    expect(JSON.parse(await answerTo('/lexicons', { Length: { text: 'hi' } }))).to.deep.equal([{ Length: 2 }])
    const asked = { streamId: 1, action: 'Length', data: { text: 'hi' } }
    expect(JSON.parse(await answerTo('/igor', asked))).to.deep.equal({ streamId: 1, data: 2 })
  })

  it('run actions of each other, whose errors arrive as themselves for both', async () => {
    class Shortage extends other.ActionError {
      readonly left = 1
    }
    class Buy extends other.Action {
      static override errors = [Shortage, otherData.NotFoundError]
      override action(what: string): never {
        if (what === 'shortage') throw new Shortage('too few')
        if (what === 'mine') throw new data.NotFoundError('no', 'Book')
        if (what === 'usage') throw new other.ClientError('a fault')
        throw new otherData.NotFoundError('no', 'Book')
      }
    }
    await serve({}, () => server.addAction(new Buy()))
    expect(await failureOf(client.runAction(Buy, 'shortage')))
      .to.be.instanceOf(Shortage)
      .and.include({ left: 1 })
    for (const what of ['mine', 'theirs']) {
      const error = await failureOf(client.runAction(Buy, what))
      expect(error).to.be.instanceOf(data.NotFoundError).and.instanceOf(otherData.NotFoundError)
      expect(error).to.be.instanceOf(isock.ActionError).and.include({ model: 'Book', code: 'NOT_FOUND' })
    }
    expect(await failureOf(client.runAction(Buy, 'usage'))).to.be.instanceOf(isock.ClientError)
    expect(server.removeAction(Buy)).to.equal(true)
    expect(await failureOf(client.runAction(Buy, 'x'))).to.be.instanceOf(other.ServerError)
  })

  it('use channels of each other', async () => {
    class News extends other.Channel<string> {}
    await serve({}, () => server.addChannel(new News()))
    const subscription = client.subscribe(News)
    await subscription.ready
    await server.publish(News, 'hello')
    const first = await subscription[Symbol.asyncIterator]().next()
    expect(first.value).to.equal('hello')
    await subscription.unsubscribe()
    expect(() => server.addChannel(News as never)).to.throw('pass new News()')
    expect(server.removeChannel(News)).to.equal(true)
  })

  it('use services of each other', async () => {
    class Counter extends other.Service<number, number> {
      init(): number {
        return 1
      }
      async exec(state: number, add: number, { respond }: isock.ServiceContext<number>): Promise<number> {
        await respond(state + add)
        return state + add
      }
    }
    await serve({}, () => server.addService(Counter))
    const counter = client.service(Counter)
    await counter.initialize(undefined)
    expect(await counter.execute(2, { awaitResponse: true })).to.equal(3)
  })

  it('run tasks and processes of each other', async () => {
    const ran: string[] = []
    const note = (what: string) => (): void => void ran.push(what)
    class Start extends other.StartupTask {
      run = note('start')
    }
    class Often extends other.IntervalTask {
      override readonly runsAtOnce = true
      intervalMs(): number {
        return 3_600_000
      }
      run = note('often')
    }
    class Daily extends other.CronTask {
      readonly pattern = '@daily'
      run(): void {}
    }
    class End extends other.ShutdownTask {
      run = note('end')
    }
    class Tick extends other.Process<{ tick: number }> {
      async run({ output, signal }: isock.ProcessContext<{ tick: number }>): Promise<void> {
        await waitFor(() => output.listenerCount > 0 || signal.aborted)
        output.send('tick', 1)
        output.fail(new other.ActionError('over'))
      }
    }
    await serve({}, () => {
      server.addTask(new Start()).addTask(new Often()).addTask(new Daily()).addTask(new End())
      server.addProcess(new Tick())
    })
    expect(server.tasks.map(({ kind }) => kind)).to.deep.equal(['startup', 'interval', 'cron', 'shutdown'])
    const events: unknown[] = []
    const error = await failureOf(
      (async () => {
        for await (const event of client.onProcess(Tick)) events.push(event)
      })(),
    )
    expect(events).to.deep.equal([{ event: 'tick', data: 1 }])
    expect(error).to.be.instanceOf(isock.ActionError).and.have.property('message', 'over')
    await waitFor(() => ran.includes('often'))
    await client.close()
    await server.shutdown()
    expect(ran).to.deep.equal(['start', 'often', 'end'])
  })

  it('let in by guards of each other, who may say why not', async () => {
    class Login extends other.Guard<string> {
      check(password: string | undefined): isock.Verdict {
        if (password === 'right') return { id: 'ann' }
        throw new other.AuthError('the password is wrong')
      }
    }
    const network = new other.MemoryNetwork()
    await serve({ network, guards: [new Login(), new other.TokenGuard('t'.repeat(40))] }, () => undefined)
    const options = { network, token: 't'.repeat(40) }
    const wrong = new isock.Client('memory:copies', { ...options, credentials: [Login.credential('wrong')] })
    const refusal = await failureOf(wrong.connect())
    expect(refusal).to.be.instanceOf(isock.AuthError).and.have.property('message', 'the password is wrong')
    await wrong.close()
    const right = new other.Client('memory:copies', { ...options, credentials: [Login.credential('right')] })
    await right.connect()
    expect(server.sessions.map(({ identity }) => identity?.id)).to.include('ann')
    await right.close()
  })

  it('keep models of each other', async () => {
    class Book extends otherData.Model {
      title = otherData.field.text()
    }
    class Add extends other.Action {
      override async action(title: string, { db }: isock.Context): Promise<string> {
        return (await db.create(Book as never, { title } as never)) as never
      }
    }
    await serve({ features: [otherData.data({ models: [Book as never] })] }, () => server.addAction(new Add()))
    expect(await client.runAction(Add, 'Emma')).to.include({ title: 'Emma' })
    const books = await server.db.transaction((db) => db.find(Book as never, { title: 'Emma' } as never))
    expect(books).to.be.instanceOf(data.Model)
  })

  it('mount gateways of each other, with what these refuse', async () => {
    class Echo extends other.Action {
      override action(text: string): string {
        if (text === 'bad') throw new otherData.ConflictError('taken')
        return text
      }
    }
    const refuse: WebGateway = {
      name: 'refuse',
      mount: () => ({
        onUpgrade: () => {
          throw new otherWeb.WebRefusal(418, 'a teapot')
        },
        close: async () => undefined,
      }),
    }
    await serve({}, () => server.addAction(new Echo()))
    const web = await otherWeb.listenWeb(server, { port: 0, gateways: [otherHttp(), refuse], path: '/isock' })
    const post = (text: string): Promise<Response> =>
      fetch(`${web.url}/actions/Echo`, { method: 'POST', body: JSON.stringify(text), headers: json })
    expect(await (await post('hi')).json()).to.equal('hi')
    expect((await post('bad')).status).to.equal(409)
    const metrics = await (await fetch(`${web.url}/metrics`)).text()
    expect(metrics).to.match(/isock_\w*sessions/)
    const { WebSocket } = await import('ws')
    const status = await new Promise<number | undefined>((resolve) => {
      const socket = new WebSocket(`${web.url.replace('http', 'ws')}/teapot`)
      socket.on('error', () => undefined)
      socket.on('unexpected-response', (request, response) => {
        resolve(response.statusCode)
        request.destroy()
      })
    })
    expect(status).to.equal(418)
  })
})

const json = { 'content-type': 'application/json' }
