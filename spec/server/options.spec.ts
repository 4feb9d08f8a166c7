// Options by name: each place that takes some refuses those that it does not know, and undefined for what protects.

import { createServer } from 'node:http'
import { expect } from 'chai'
import { findDaemon, listDaemons, runInBackground } from '../../lib/daemon.ts'
import { data } from '../../lib/data.ts'
import { http } from '../../lib/gateways/http/http.ts'
import { igor } from '../../lib/gateways/igor/igor.ts'
import { lexicons } from '../../lib/gateways/lexicons/lexicons.ts'
import { Action, Channel, Client, ClientError, Guard, Process, Server, Service } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { threads } from '../../lib/threads.ts'
import { TracimDaemon, TracimDaemonClient } from '../../lib/tracim/tracim.ts'
import { listenWeb } from '../../lib/web.ts'

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

class News extends Channel<string> {}

class Clock extends Process {
  async run() {}
}

class Counter extends Service {
  init() {}
  exec() {}
  exit() {}
}

class Login extends Guard {
  check() {
    return true
  }
}

async function refusalOf(make: () => unknown): Promise<string> {
  try {
    await make()
  } catch (error) {
    expect(error).to.be.instanceOf(ClientError)
    expect(error).to.have.property('code', 'INVALID_OPTION')
    return (error as Error).message
  }
  throw new Error('it was not refused')
}

describe('Options', () => {
  const closers: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  function client(options: object = {}): Client {
    const made = new Client('127.0.0.1:1', { retry: 0, ...options })
    closers.push(() => made.close())
    return made
  }

  function server(options: object = {}): Server {
    const made = new Server(options)
    closers.push(() => made.shutdown())
    return made
  }

  it('that are unknown are refused by all that takes some, with the name that is meant', async () => {
    const wrong: Record<string, [make: () => unknown, expected: string]> = {
      Server: [() => new Server({ prot: 4440 } as object), 'Server: unknown option "prot"; did you mean port?'],
      'Server, by address': [() => new Server('localhost:1', { tokn: 'x' } as object), 'did you mean token?'],
      Client: [() => new Client('localhost', 1, { crednetials: [] } as object), 'did you mean credentials?'],
      backoff: [() => client({ backoff: { minimumMs: 1 } }), 'backoff: unknown option'],
      runAction: [() => client().runAction(Echo, 1, { timeout: 50 } as object), 'did you mean timeoutMs?'],
      subscribe: [() => client().subscribe(News, { sinse: 'oldest' } as object), 'did you mean since?'],
      watchPresence: [() => client().watchPresence(News, { keys: 'a' } as object), 'did you mean key?'],
      publish: [() => client().publish(News, 'x', { signl: 1 } as object), 'did you mean signal?'],
      presence: [() => client().presence(News, { kee: 'x' } as object), 'did you mean key?'],
      onProcess: [() => client().onProcess(Clock, { onGaps: () => undefined } as object), 'did you mean onGap?'],
      execute: [
        () =>
          client()
            .service(Counter)
            .execute(undefined, { awaitRespons: true } as never),
        'awaitResponse?',
      ],
      terminate: [
        () =>
          client()
            .service(Counter)
            .terminate(undefined, { shutDwn: true } as never),
        'mean shutdown?',
      ],
      shutdown: [() => server().shutdown({ grace: 0 } as object), 'did you mean graceMs?'],
      listenWeb: [() => listenWeb(server(), { port: 0, origin: [] } as object), 'did you mean origins?'],
      addService: [
        () => server().addService(Counter, { allowShutDown: true } as object),
        'did you mean allowShutdown?',
      ],
      addChannel: [() => server().addChannel(new News(), { maxQueue: 1 } as object), 'did you mean maxQueued?'],
      threads: [
        () => server({ features: [threads({ maxx: 1 } as object)] }),
        'threads: unknown option "maxx"; did you mean max?',
      ],
      data: [() => server({ features: [data({ models: [], ulr: 'memory:' } as never)] }), 'did you mean url?'],
      http: [() => http({ metric: 'off' } as object), 'did you mean metrics?'],
      'http, idempotency': [() => http({ idempotency: { maxKey: 1 } as object }), 'did you mean maxKeys?'],
      igor: [() => igor({ credential: () => [] } as object), 'did you mean credentials?'],
      'igor, files': [() => igor({ files: { root: '.', wirte: true } as never }), 'did you mean write?'],
      lexicons: [() => lexicons({ header: [] } as object), 'did you mean headers?'],
      TracimDaemon: [() => new TracimDaemon({ socketPath: '/x', tls: {} } as never), 'unknown option "tls"'],
      TracimDaemonClient: [
        () => new TracimDaemonClient({ masterSocket: '/x' } as never),
        'unknown option "masterSocket"',
      ],
      runInBackground: [() => runInBackground({ module: 'x', pth: '/x' } as never), 'did you mean path?'],
      findDaemon: [() => findDaemon('x', { stateDirectory: '/x' } as object), 'unknown option "stateDirectory"'],
      listDaemons: [() => listDaemons({ stateDr: '/x' } as object), 'did you mean stateDir?'],
      addActions: [() => server().addActions({}, { seperator: '/' } as object), 'did you mean separator?'],
      createHarness: [() => createHarness({ action: [] } as object), 'did you mean actions?'],
    }
    for (const [what, [make, expected]] of Object.entries(wrong))
      expect(await refusalOf(make), what).to.contain(expected)
  })

  it('of a message for some are not those of one for all', async () => {
    const own = server().addChannel(new News())
    for (const name of ['to', 'except'])
      expect(await refusalOf(() => own.publish(News, 'secret', { [name]: undefined }))).to.contain(
        `publish option ${name}`,
      )
    expect(await refusalOf(() => own.channel(News).publish('secret', { too: 'x' } as object))).to.contain('mean to?')
  })

  it('that protect are refused as undefined: the variable behind them is not set', async () => {
    const token = process.env['THIS_IS_NOT_SET']
    const wrong: [make: () => unknown, option: string][] = [
      ...['token', 'tokenFile', 'guards', 'gate', 'trust', 'tls'].map((name): [() => unknown, string] => [
        () => new Server({ port: 0, [name]: undefined }),
        `Server option ${name}`,
      ]),
      ...['token', 'tokenFile', 'credentials', 'tls'].map((name): [() => unknown, string] => [
        () => new Client('localhost:1', { [name]: undefined }),
        `Client option ${name}`,
      ]),
      [() => new Server({ token } as object), 'is the variable or setting that it comes from missing?'],
      ...['hosts', 'origins', 'tls'].map((name): [() => unknown, string] => [
        () => listenWeb(server(), { port: 0, [name]: undefined }),
        `listenWeb option ${name}`,
      ]),
      [() => igor({ processes: undefined } as object), 'igor option processes'],
      [() => igor({ credentials: undefined } as object), 'igor option credentials'],
      [() => lexicons({ trust: undefined } as object), 'lexicons option trust'],
      [() => lexicons({ headers: undefined } as object), 'lexicons option headers'],
      ...['token', 'tokenFile', 'tlsKey', 'tlsCert', 'tlsCa'].map((name): [() => unknown, string] => [
        () => runInBackground({ module: 'x', [name]: undefined }),
        `runInBackground option ${name}`,
      ]),
    ]
    for (const [make, expected] of wrong) expect(await refusalOf(make)).to.contain(expected)
  })

  it('of other kinds may be undefined, and count as left out then', async () => {
    const nothing = undefined as never
    const limits = { maxSessions: nothing }
    const own = server({ host: nothing, port: 0, path: nothing, limits, log: nothing, features: nothing })
    await own.addAction(new Echo()).addChannel(new News(), { maxRooms: nothing }).listen()
    await listenWeb(own, {
      port: 0,
      path: nothing,
      static: nothing,
      gateways: [igor({ path: nothing }), http({ path: nothing })],
    })
    const made = new Client(own.addresses[0] as string, { name: nothing, limits, backoff: { minMs: nothing } })
    closers.push(() => made.close())
    const options = { timeoutMs: nothing, signal: nothing, retry: nothing, idempotent: nothing, parent: nothing }
    expect(await made.runAction(Echo, 'hi', options)).to.equal('hi')
    await own.shutdown({ graceMs: nothing })
  })

  it('of a call are an object', async () => {
    const untyped = client() as unknown as { runAction(...args: unknown[]): Promise<unknown> }
    for (const options of [2, 'x', null, []])
      expect(await refusalOf(() => untyped.runAction(Echo, 1, options))).to.contain('runAction: expected an object')
  })

  it('that let everybody in although they read otherwise are refused', async () => {
    expect(await refusalOf(() => new Server({ trust: ['10.0.0.0/8'] }))).to.contain('excludes nobody')
    expect(await refusalOf(() => new Server({ gate: true as never }))).to.contain('option gate')
    expect(await refusalOf(() => new Server({ guards: [Login] as never }))).to.contain(
      'option guards[0]: expected an instance of Guard, got the function or class Login',
    )
    expect(await refusalOf(() => new Server({ guards: new Login() as never }))).to.contain('option guards')
    server({
      guards: [new Login()],
      gate: (verdicts: readonly boolean[]) => verdicts.includes(true),
      trust: ['10.0.0.0/8'],
    })
  })

  it('that say where are refused in words that name what is missing', async () => {
    const unchecked = (...args: unknown[]): object => Reflect.construct(Client, args)
    const uncheckedServer = (...args: unknown[]): object => Reflect.construct(Server, args)
    const wrong: [make: () => unknown, expected: string][] = [
      [() => unchecked('localhost', '4440'), 'option port: expected a number, got "4440"'],
      [() => unchecked(4440), 'got 4440, a port without a host'],
      [() => unchecked('localhost'), 'got "localhost", which has no port'],
      [() => unchecked(server().addresses[0]), 'await listen() first'],
      [() => uncheckedServer('localhost', '4440'), 'option port: expected a number, got "4440"'],
      [() => uncheckedServer(4440), 'option host'],
      [() => uncheckedServer('localhost'), 'which has no port'],
      [() => new Server({ address: 'tcp://localhost:1', port: 2 }), 'option port: expected nothing beside address'],
      [() => listenWeb(server(), { server: (() => undefined) as never }), 'from app.listen()'],
      [
        () => listenWeb(server(), { server: Object.assign(() => undefined, { listen: createServer }) as never }),
        'http.Server',
      ],
    ]
    for (const [make, expected] of wrong) expect(await refusalOf(make)).to.contain(expected)
  })
})
