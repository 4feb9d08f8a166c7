// `isock start | stop | restart | status | logs`, `isock server | terminate | version`: as processes of their own.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client } from 'isock'
import { CompiledIsock } from '../daemon/compiled-isock.ts'
import { DaemonWorld } from '../daemon/daemon-world.ts'
import { makeCertificates } from '../setup/certificates.ts'
import { longIt } from '../setup/long.ts'
import { packageVersion } from '../setup/package-file.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('the commands for daemons', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
  })

  afterEach(() => world.close())

  longIt('start one, show it, replace it, print its log and stop it', async () => {
    const started = await world.command('start', isock.module('work'), '--name', 'app', '--port', '0').ended
    expect(started).to.include({ code: 0, stderr: '' })
    const [, pid = '', address = ''] =
      /^started app as process (\d+), listening at (tcp:\/\/127\.0\.0\.1:\d+)\n$/.exec(started.stdout) ?? []
    world.remember('app')
    const again = await world.command('start', isock.module('work'), '--name', 'app').ended
    expect(again.code).to.equal(1)
    expect(again.stderr).to.equal(
      `isock: daemon "app" is already running as process ${pid}, at ${address}; stop it, or use another name\n`,
    )

    const [shown, json] = [await world.command('status').ended, await world.command('status', 'app', '--json').ended]
    const [heading = '', row = ''] = shown.stdout.split('\n')
    expect(heading).to.match(/^NAME +STATE +PID +UPTIME +CALLS +SESSIONS +MEMORY +HELD +ADDRESS$/)
    expect(row).to.match(new RegExp(`^app +running +${pid} +\\d+ s +0 +0 +\\d+ MiB +0 of 256 MiB +${address}$`))
    expect(JSON.parse(json.stdout)).to.include({ name: 'app', state: 'running', pid: Number(pid), calls: 0 })

    const restarted = await world.command('restart', 'app').ended
    expect(restarted.stdout).to.match(new RegExp(`^restarted app as process \\d+, listening at ${address}\\n$`))
    const logs = await world.command('logs', 'app', '--lines', '1000').ended
    const messages = logs.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(messages).to.include.members(['started', 'handed over', 'listening'])

    const follower = world.command('logs', 'app', '-f', '--lines', '1')
    // It follows now: what is logged before is not its matter.
    await follower.printed(/"msg"/)
    expect(await world.command('stop', '--all').ended).to.include({ code: 0, stdout: 'stopped app\n', stderr: '' })
    await follower.printed(/"msg":"stopping"/)
    follower.kill('SIGINT')
    expect((await follower.ended).code).to.equal(130)
    const after = await world.command('status', 'app').ended
    expect([after.code, /^app +stopped +-/m.test(after.stdout)]).to.deep.equal([3, true])
    const stopped = await world.command('stop', 'app').ended
    expect([stopped.code, stopped.stderr]).to.deep.equal([
      3,
      'isock: no daemon "app": it is not running; start it with: isock start <module> --name app\n',
    ])
  })

  longIt('say what keeps a daemon from starting', async () => {
    const { code, stdout, stderr } = await world.command('start', isock.module('broken')).ended
    expect([code, stdout]).to.deep.equal([1, ''])
    expect(stderr).to.match(/^isock: cannot load .*broken\.mjs: RangeError: broken on purpose\n$/)
    expect(await world.command('status', 'nobody').ended).to.include({ code: 3, stdout: '' })
    expect((await world.command('start', 'nowhere.js').ended).code).to.equal(2)
    expect(await world.command('stop', 'app', '--all').ended).to.include({ code: 2 })
  })

  longIt('show and stop the others where one cannot be asked, and say which that is', async () => {
    await world.start({ name: 'good' })
    await world.start({ name: 'more' })
    mkdirSync(join(world.stateDir, 'bad'), { mode: 0o755 })
    chmodSync(join(world.stateDir, 'bad'), 0o755)
    try {
      const shown = await world.command('status').ended
      expect(shown.code).to.equal(1)
      expect(shown.stdout).to.match(/^bad +unknown +- .*\ngood +running .*\nmore +running /m)
      expect(shown.stderr).to.match(/^isock: .*bad can be entered by others; run: chmod 700 .*bad\n$/)
      const json = (await world.command('status', '--json').ended).stdout.trim().split('\n')
      const rows = json.map((line) => JSON.parse(line) as { name: string; state: string; error?: string })
      expect(rows.map(({ name, state }) => [name, state])).to.deep.equal([
        ['bad', 'unknown'],
        ['good', 'running'],
        ['more', 'running'],
      ])
      expect(rows[0]?.error).to.include('chmod 700')
      const named = await world.command('status', 'nobody', 'good').ended
      expect(named.code).to.equal(3)
      expect(named.stdout).to.match(/^good +running /m)
      expect(named.stderr).to.match(/^isock: no daemon "nobody"/)
      const one = await world.command('stop', 'nobody', 'good').ended
      expect([one.code, one.stdout]).to.deep.equal([3, 'stopped good\n'])
      const all = await world.command('stop', '--all').ended
      expect([all.code, all.stdout, /chmod 700/.test(all.stderr)]).to.deep.equal([1, 'stopped more\n', true])
    } finally {
      rmSync(join(world.stateDir, 'bad'), { recursive: true, maxRetries: 20 })
    }
  })

  longIt('leave nothing behind when a start is interrupted', async () => {
    const start = world.command('start', isock.module('hangs'))
    await waitFor(
      async () => existsSync(world.file('control.sock')) && (await world.find().status()).state === 'starting',
      {
        timeoutMs: 8_000,
      },
    )
    start.kill('SIGINT')
    expect((await start.ended).signal).to.equal('SIGINT')
    await waitFor(async () => (await world.find().status()).state === 'stopped', { timeoutMs: 8_000 })
  })

  it('serve a service that waits for its client, until it is terminated', async () => {
    const server = world.command('server', '127.0.0.1', '0', isock.module('counter'))
    const [, address = '', port = ''] = await server.printed(/^listening at (tcp:\/\/.*:(\d+))$/m)
    await using client = new Client(address)
    // By name: the class is the compiled module's.
    await client.runAction('isock.services.initialize', { service: 'Counter', args: 1_000 })
    await client.runAction('isock.services.execute', { service: 'Counter', args: 10 })
    const ended = await world.command('terminate', '127.0.0.1', port, '--service', 'Counter').ended
    expect(ended).to.include({ code: 0, stdout: `ended at 1010\nterminated ${address}\n` })
    expect((await server.ended).code).to.equal(0)
  })

  longIt('run the exit method of a durable service by its key, and end the server', async () => {
    process.env['SPEC_STORE'] = join(world.stateDir, 'till.db')
    const server = world.command('server', '127.0.0.1', '0', isock.module('till'))
    delete process.env['SPEC_STORE']
    const [, address = '', port = ''] = await server.printed(/^listening at (tcp:\/\/.*:(\d+))$/m)
    await using client = new Client(address)
    const initialize = (args: number, key?: string) =>
      client.runAction('isock.services.durable.initialize', { service: 'Till', args, key })
    await initialize(1)
    await initialize(20, 'ann')
    const end = (...args: string[]) => world.command('terminate', '127.0.0.1', port, ...args).ended
    const refused = await end('--service', 'Till', '--key', 'nobody')
    expect([refused.code, refused.stdout]).to.deep.equal([1, ''])
    expect(refused.stderr).to.include('service "Till", key "nobody" is not initialized').and.include('NOT_INITIALIZED')
    const inMemory = await end('--service', 'Purse', '--key', 'ann')
    expect(inMemory.code).to.equal(1)
    expect(inMemory.stderr).to.include('the service "Purse" is not durable, so it has no keys')
    expect(await end('--key', 'ann')).to.include({ code: 2, stdout: '' })
    const ended = await end('--service', 'Till', '--key', 'ann')
    expect(ended).to.include({ code: 0, stdout: `"ann" ended at 20\nterminated ${address}\n`, stderr: '' })
    expect((await server.ended).code).to.equal(0)
  })

  longIt('initialize the services of an init file before the first client', async () => {
    const files = ['--init-file', isock.module('initialized'), isock.module('counter')]
    const server = world.command('server', '127.0.0.1', '0', ...files)
    const [, , port = ''] = await server.printed(/^listening at (tcp:\/\/.*:(\d+))$/m)
    const started = await world.command('start', ...files, '--name', 'app').ended
    expect(started.code, started.stderr).to.equal(0)
    world.remember('app')
    for (const at of [`tcp://127.0.0.1:${port}`, world.find('app')]) {
      const address = typeof at === 'string' ? at : ((await at.status()) as { addresses?: string[] }).addresses?.[0]
      await using client = new Client(address as string, { retry: 0 })
      const run = async (verb: string, service: string, args?: unknown): Promise<unknown> => {
        const responses: unknown[] = []
        const call = client.runAction(`isock.services.${verb}`, { service, args })
        for await (const response of call) responses.push(response)
        return responses[0]
      }
      for (const service of ['Counter', 'Ready']) {
        const error = (await run('initialize', service, 1).catch((thrown: unknown) => thrown)) as { code?: string }
        expect(error.code).to.equal('ALREADY_INITIALIZED')
      }
      expect(await run('execute', 'Counter', 10)).to.equal(1_010)
      expect(await run('execute', 'Ready')).to.equal('ready without arguments')
    }
    expect((await world.command('terminate', '127.0.0.1', port).ended).code).to.equal(0)
    expect((await server.ended).code).to.equal(0)
  })

  longIt('say what is wrong with an init file, and leave nothing running', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isock-init-'))
    const file = (name: string, text: string): string => {
      const path = join(folder, `${name}.mjs`)
      writeFileSync(path, text)
      return path
    }
    const wrong: [string, number, RegExp][] = [
      [
        file('nothing', 'export const a = 1'),
        1,
        /^isock: init file .*nothing\.mjs: there is nothing to initialize; export/,
      ],
      [
        file('list', 'export const initArgs = [1]'),
        1,
        /expected initArgs to be an object with arguments by service name/,
      ],
      [
        file('typo', 'export const initArgs = { Cuonter: 1 }'),
        1,
        /"Cuonter", which is not served; did you mean "Counter"\?/,
      ],
      [join(folder, 'none.mjs'), 2, /^isock: there is no module .*none\.mjs\n$/],
      [file('broken', 'throw new RangeError("broken here")'), 1, /cannot load .*broken\.mjs: RangeError: broken here/],
      [
        file(
          'fails',
          `import { Counter } from ${JSON.stringify(isock.module('counter'))}
           export class Bad extends Counter { init() { throw new RangeError('not today') } }`,
        ),
        1,
        /^isock: init file .*fails\.mjs: service "Bad" cannot be initialized: RangeError: not today\n$/,
      ],
    ]
    try {
      const looked = wrong.map(async ([path, code, message], index) => {
        const files = ['--init-file', path, isock.module('counter')]
        const isDaemon = index === 0 || index === wrong.length - 1
        const ended = await world.command(
          ...(isDaemon ? ['start', '--name', `app${index}`] : ['server', '127.0.0.1', '0']),
          ...files,
        ).ended
        expect(ended.stderr).to.match(message)
        expect([ended.code, ended.stdout]).to.deep.equal([code, ''])
      })
      await Promise.all(looked)
      expect((await world.command('status').ended).stdout).to.not.include('running')
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 20 })
    }
  })

  longIt('end a server by way of its service within the grace that it was given', async () => {
    const modules = [isock.module('work'), isock.module('counter')]
    const server = world.command('server', '127.0.0.1', '0', ...modules, '--grace', '100')
    const [, address = '', port = ''] = await server.printed(/^listening at (tcp:\/\/.*:(\d+))$/m)
    await using client = new Client(address, { retry: 0 })
    await client.runAction('isock.services.initialize', { service: 'Counter', args: 1 })
    const slow = client.runAction('Slow', 60_000).then(
      () => 'done',
      () => 'dropped',
    )
    const startedAtMs = performance.now()
    expect((await world.command('terminate', '127.0.0.1', port, '--service', 'Counter').ended).code).to.equal(0)
    expect((await server.ended).code).to.equal(0)
    // Without its own grace it would wait for 10 s.
    expect(performance.now() - startedAtMs).to.be.below(9_000)
    expect(await slow).to.equal('dropped')
  })

  longIt('say who may end what, and which options do not go together', async () => {
    const [server, terminate] = [
      (await world.command('server', '--help').ended).stdout,
      (await world.command('terminate', '--help').ended).stdout,
    ]
    expect(server).to.include('Without a token, every client may if <host>').and.not.include('from this machine')
    for (const words of [
      'but not a daemon of `isock start`',
      'allowShutdown: false',
      '--grace cannot be combined with --service',
    ])
      expect(terminate).to.include(words)
    const token = ['--token-prompt']
    const wrong: [string[], RegExp][] = [
      [['{}'], /^isock: \[json\] is for the exit method of a service: name it with --service\n$/],
      [['--service', 'Counter', '--grace', '5'], /^isock: --grace cannot be combined with --service/],
      [['-', '--service', 'Counter', ...token], /^isock: --token-prompt and '-' both read standard input/],
      [['--grace', '2147483648'], /whole number from 0 to 2147483647/],
    ]
    const places: [string[], RegExp][] = [
      [['tls://127.0.0.1', '1'], /^isock: give host and port as two arguments, .*; for TLS add --tls/],
      [['127.0.0.1', '0'], /whole number from 1 to 65535/],
    ]
    for (const [args, message] of places) {
      const { code, stderr } = await world.command('terminate', ...args).ended
      expect(stderr).to.match(message)
      expect(code).to.equal(2)
    }
    for (const [args, message] of wrong) {
      const ended = await world.commandWith('a secret of this spec\n', 'terminate', '127.0.0.1', '1', ...args).ended
      expect([ended.code, ended.stdout]).to.deep.equal([2, ''])
      expect(ended.stderr).to.match(message)
    }
    const none = await world.command('terminate', '127.0.0.1', '1', ...token).ended
    expect(none).to.include({ code: 2, stderr: 'isock: --token-prompt: no token was given\n' })
  })

  longIt('do not end what may not be ended: a server for other machines, or a daemon, without a token', async () => {
    const server = world.command('server', '0.0.0.0', '0', isock.module('counter'))
    const [, port = ''] = await server.printed(/^listening at tcp:\/\/.*:(\d+)$/m)
    const daemon = await world.start({ module: isock.module('counter') })
    const daemonPort = daemon.address.split(':').at(-1) as string
    for (const at of [port, daemonPort]) {
      await using client = new Client(`tcp://127.0.0.1:${at}`)
      await client.runAction('isock.services.initialize', { service: 'Counter', args: 1 })
      for (const args of [[], ['--service', 'Counter']]) {
        const ended = await world.command('terminate', '127.0.0.1', at, ...args).ended
        expect([ended.code, ended.stdout]).to.deep.equal([1, ''])
      }
      // The exit method did not run either.
      await client.runAction('isock.services.execute', { service: 'Counter', args: 1 })
    }
    server.kill('SIGTERM')
    expect((await server.ended).code).to.equal(0)
  })

  longIt('ask for the token where it is not seen, and end nothing without it', async () => {
    const token = 'a secret of this spec'
    const server = world.commandWith(
      `${token}\n`,
      'server',
      '127.0.0.1',
      '0',
      isock.module('counter'),
      '--token-prompt',
    )
    const [, port = ''] = await server.printed(/^listening at tcp:.*:(\d+)$/m)
    const refused = await world.command('terminate', '127.0.0.1', port).ended
    expect(refused).to.include({ code: 4 })
    expect(refused.stderr).to.match(
      /^isock: this server asks for a token; this client presents nothing: .*ISOCK_TOKEN\n$/,
    )
    const wrong = await world.commandWith('another secret\n', 'terminate', '127.0.0.1', port, '--token-prompt').ended
    expect(wrong.code).to.equal(4)
    expect(server.child.exitCode).to.equal(null)
    const ended = await world.commandWith(`${token}\n`, 'terminate', '127.0.0.1', port, '--token-prompt').ended
    expect(ended.code).to.equal(0)
    await waitFor(() => server.child.exitCode === 0, { timeoutMs: 5_000 })
    const output = await server.ended
    expect(output.stdout + output.stderr).to.not.include('secret')
  })

  longIt('speak TLS, and end what speaks it', async function () {
    const { ca, server, client } =
      makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
    const folder = mkdtempSync(join(tmpdir(), 'isock-cli-tls-'))
    const files = { ca, key: server.key, cert: server.cert, 'client-key': client.key, 'client-cert': client.cert }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
    const file = (name: keyof typeof files): string => join(folder, name)
    const keys = ['--tls-key', file('key'), '--tls-cert', file('cert')]
    const trusting = ['--tls-ca', file('ca')]
    try {
      const started = await world.command('start', isock.module('work'), ...keys).ended
      const [, pid = '', address = ''] =
        /^started default as process (\d+), listening at (tls:\/\/127\.0\.0\.1:\d+)\n$/.exec(started.stdout) ?? []
      world.remember()
      const called = await world.command('call', address, 'Pid', ...trusting).ended
      expect([called.code, called.stdout], called.stderr).to.deep.equal([0, `${pid}\n`])
      const restarted = await world.command('restart').ended
      expect(restarted.stdout).to.include(`listening at ${address}\n`)
      expect((await world.command('stop').ended).code).to.equal(0)

      const open = world.command('server', '127.0.0.1', '0', isock.module('counter'), ...keys)
      const closed = world.command('server', '127.0.0.1', '0', isock.module('counter'), ...keys, ...trusting)
      const portOf = async (script: typeof open): Promise<string> =>
        (await script.printed(/^listening at tls:.*:(\d+)$/m))[1] as string
      const [port, closedPort] = [await portOf(open), await portOf(closed)]
      const end = (at: string, ...more: string[]) => world.command('terminate', '127.0.0.1', at, ...more).ended
      // Without the authority it is reached, and not believed.
      expect((await end(port, '--tls', '--timeout', '2000')).code).to.equal(3)
      expect((await end(closedPort, ...trusting, '--timeout', '2000')).code).to.equal(3)
      expect([open.child.exitCode, closed.child.exitCode]).to.deep.equal([null, null])
      const ended = await end(port, ...trusting)
      expect(ended).to.include({ code: 0, stdout: `terminated tls://127.0.0.1:${port}\n` })
      const showing = ['--tls-cert', file('client-cert'), '--tls-key', file('client-key')]
      expect((await end(closedPort, ...trusting, ...showing)).code).to.equal(0)
      expect([(await open.ended).code, (await closed.ended).code]).to.deep.equal([0, 0])

      const wrong: [string[], RegExp][] = [
        [
          ['start', isock.module('work'), '--tls-key', file('key')],
          /^isock: TLS needs both --tls-key and --tls-cert\n$/,
        ],
        [['server', '127.0.0.1', '0', isock.module('work'), '--tls-cert', file('cert')], /^isock: TLS needs both/],
        [
          ['start', isock.module('work'), '--tls-key', file('client-key'), '--tls-cert', file('cert')],
          /^isock: --tls-key: .*client-key is not the key of the certificate in .*cert\n$/,
        ],
        [['start', isock.module('work'), ...keys, '--path', join(folder, 'a.sock')], /^isock: TLS needs a port/],
      ]
      for (const [args, message] of wrong) {
        const { code, stderr } = await world.command(...args).ended
        expect(stderr).to.match(message)
        expect(code).to.equal(2)
      }
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 20 })
    }
  })

  longIt('refuse wrong arguments, and tell the version', async () => {
    expect(await world.command('version').ended).to.include({ code: 0, stdout: `${packageVersion}\n` })
    const wrong = [
      ['server', '127.0.0.1', '70000'],
      ['server', '127.0.0.1'],
      ['server', '127.0.0.1', '0'],
      ['start', isock.module('work'), '--name', '../up'],
      ['terminate', '127.0.0.1', '0', '{}'],
    ]
    const codes = await Promise.all(wrong.map(async (args) => (await world.command(...args).ended).code))
    expect(codes).to.deep.equal([2, 2, 2, 2, 2])
  })
})
