// `isock tracim` as a process of its own, at a Tracim that is none.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { longIt } from '../setup/long.ts'
import { type Ended, type RunningScript, type RunOptions, startScript } from '../setup/run-script.ts'
import { waitFor } from '../setup/wait-for.ts'
import { FakeTracim } from '../tracim/fake-tracim.ts'
import { sendRaw } from '../tracim/tracim-world.ts'

describe('isock tracim', function () {
  this.timeout(120_000)
  let folder: string
  let file: string
  let tracim: FakeTracim
  const running: RunningScript[] = []
  const servers: Server[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isock-tracim-'))
    file = join(folder, 'TracimDaemon', 'config.json')
    mkdirSync(join(folder, 'TracimDaemon'), { mode: 0o700 })
    tracim = new FakeTracim()
    await tracim.listen()
  })

  afterEach(async () => {
    for (const each of running) each.kill()
    await Promise.all(running.map(({ ended }) => ended))
    running.length = 0
    for (const server of servers.splice(0)) await new Promise((done) => server.close(done))
    await tracim.close()
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  const configure = (account: object = {}, more: object = {}): void => {
    const filled = { url: tracim.url, username: 'ada', mail: '', password: tracim.password, ...account }
    const socket_path = 'TracimDaemon/master.sock'
    writeFileSync(file, JSON.stringify({ tracim: filled, socket_path, ...more }, undefined, 2), { mode: 0o600 })
  }
  const start = (args: readonly string[] = [folder], options: RunOptions = {}): RunningScript => {
    const script = startScript('lib/cli/main.ts', { ...options, args: ['tracim', ...args] })
    running.push(script)
    return script
  }
  const run = (args?: readonly string[], options?: RunOptions): Promise<Ended> => start(args, options).ended

  it('serves clients of the socket, and removes it on Ctrl-C', async () => {
    configure()
    const script = start()
    const socketPath = join(folder, 'TracimDaemon', 'master.sock')
    await script.printed(new RegExp(`^listening at unix:${socketPath} as user 42$`, 'm'))
    const path = join(folder, 'client.sock')
    const heard: { type: string; data: unknown }[] = []
    const server = createServer((socket) => socket.once('data', (bytes) => heard.push(JSON.parse(String(bytes)))))
    servers.push(server)
    await new Promise<void>((done) => server.listen(path, done))
    await sendRaw(socketPath, JSON.stringify({ type: 'client_add', path, data: { path, pid: '1' } }))
    await waitFor(() => heard.some(({ type }) => type === 'daemon_account_info') && tracim.streams.length > 0)
    tracim.emit('content.created.comment')
    await waitFor(() => heard.some(({ type }) => type === 'daemon_tracim_event'), { timeoutMs: 8_000 })
    script.kill('SIGINT')
    expect((await script.ended).code).to.equal(0)
    expect(existsSync(socketPath)).to.equal(false)
  })

  longIt('says as JSON lines when clients can come, and when it has ended', async () => {
    configure()
    const socketPath = join(folder, 'own', 'master.sock')
    const script = start([folder, '--json', '--socket', socketPath, '--log-level', 'silent'])
    await script.printed(/\n/)
    script.kill('SIGTERM')
    const { code, stdout, stderr } = await script.ended
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const listening = { kind: 'listening', socketPath, userId: '42', file, pid: script.child.pid }
    expect(lines).to.deep.equal([listening, { kind: 'closed' }])
    expect([code, stderr]).to.deep.equal([0, ''])
  })

  longIt('ends at once on Ctrl-C while it logs in', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume())
    servers.push(silent)
    let asked = 0
    silent.on('connection', () => asked++)
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    const { port } = silent.address() as { port: number }
    configure({ url: `http://127.0.0.1:${port}/api` })
    const script = start()
    await waitFor(() => asked > 0, { timeoutMs: 20_000, what: 'the login' })
    script.kill('SIGINT')
    const { code, stdout } = await script.ended
    expect([code, stdout]).to.deep.equal([130, ''])
  })

  it('writes the file where it is missing, and says what to fill in', async () => {
    const { code, stderr } = await run([join(folder, 'new')])
    const written = join(folder, 'new', 'TracimDaemon', 'config.json')
    expect(code).to.equal(2)
    expect(stderr).to.equal(
      `isock: ${written} was created; fill in tracim.url, tracim.username or tracim.mail, and tracim.password, and start again\n`,
    )
    expect(statSync(written).mode & 0o777).to.equal(0o600)
    expect(JSON.parse(readFileSync(written, 'utf8')).tracim.password).to.equal('')
  })

  longIt('finds the file where XDG_CONFIG_HOME says, and prints it without the password', async () => {
    configure()
    const env = { XDG_CONFIG_HOME: folder }
    const socketPath = join(folder, 'TracimDaemon', 'master.sock')
    const read = await run(['--check', '--json'], { env })
    const expected = { kind: 'configuration', file, url: tracim.url, username: 'ada', mail: '', socketPath }
    expect([read.code, JSON.parse(read.stdout)]).to.deep.equal([0, expected])
    const shown = await run(['--check'], { env })
    expect(shown.stdout).to.equal(`${file}\n  as ada at ${tracim.url}\n  clients connect to unix:${socketPath}\n`)
    expect(tracim.loginCount).to.equal(0)
  })

  describe('refuses a file', () => {
    const refused: [string, () => void, RegExp][] = [
      [
        'that is not JSON, by line and column',
        () => writeFileSync(file, '{\n  "tracim": {\n    "password": "open sesame"\n    "url": ""\n', { mode: 0o600 }),
        /config\.json is not JSON: expected "," or "}" at line 4, column 5; correct it, or delete it/,
      ],
      [
        'with a key that is mistyped',
        () => configure({ url: undefined, ulr: 'open sesame' }),
        /tracim\.url is missing.*did you mean "ulr"/,
      ],
      [
        'with an empty account',
        () => configure({ username: '' }),
        /tracim\.username and tracim\.mail are empty; fill in/,
      ],
      ['with an empty password', () => configure({ password: '' }), /tracim\.password is empty; fill in/],
      [
        'with a URL that is none',
        () => configure({ url: 'open sesame' }),
        /tracim\.url: expected the URL of Tracim's API/,
      ],
      [
        'that others can read',
        () => {
          configure()
          chmodSync(file, 0o644)
        },
        /can be read by others; run: chmod 600 .*config\.json/,
      ],
    ]
    for (const [what, prepare, message] of refused)
      longIt(what, async () => {
        prepare()
        const { code, stdout, stderr } = await run()
        expect(stderr).to.match(message).and.to.contain(file).and.not.to.contain('open sesame')
        expect([code, stdout]).to.deep.equal([2, ''])
      })
  })

  longIt('tells apart what keeps it from starting, by exit code, and as JSON', async () => {
    configure({ password: 'wrong' })
    const refused = await run([folder, '--json', '--log-level', 'silent'])
    expect(refused.code).to.equal(4)
    const { kind, code, message } = JSON.parse(refused.stderr)
    expect([kind, code]).to.deep.equal(['error', 'UNAUTHENTICATED'])
    expect(message)
      .to.match(/refused the login with status 403; check the account in /)
      .and.to.contain(file)

    configure({ url: 'http://127.0.0.1:1/api' })
    const unreachable = await run([folder, '--log-level', 'silent'])
    expect([unreachable.code, unreachable.stderr]).to.satisfy(
      ([exit, text]: [number, string]) =>
        exit === 3 && /^isock: cannot log in at http:\/\/127\.0\.0\.1:1\/api/.test(text),
    )

    configure()
    const other = createServer()
    servers.push(other)
    await new Promise<void>((done) => other.listen(join(folder, 'TracimDaemon', 'master.sock'), done))
    const taken = await run([folder, '--log-level', 'silent'])
    expect(taken.code).to.equal(1)
    expect(taken.stderr).to.contain('master.sock')
  })

  longIt('has help with examples, and refuses what it does not know', async () => {
    const help = await run(['--help'])
    expect(help.code).to.equal(0)
    expect(help.stdout)
      .to.contain('Examples:\n  isock tracim\n')
      .and.to.contain('Exit codes:')
      .and.to.contain('"socket_path"')
    for (const args of [
      ['--pint-interval', '5'],
      ['--ping-interval', '0'],
      ['a', 'b'],
    ])
      expect((await run(args)).code, args.join(' ')).to.equal(2)
  })
})
