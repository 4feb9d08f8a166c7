// `isock serve` as a process of its own.

import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { AuthError, Client } from 'isock'
import { makeCertificates } from '../setup/certificates.ts'
import { compiled } from '../setup/compiled.ts'
import { longIt } from '../setup/long.ts'
import { type RunningScript, type RunOptions, startScript } from '../setup/run-script.ts'
import { skip } from '../setup/skip.ts'

const greetings = compiled('spec/cli/modules/greetings.ts')

describe('isock serve', function () {
  this.timeout(120_000)
  let folder: string
  const running: RunningScript[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-serve-'))
  })

  afterEach(async () => {
    for (const each of running) each.kill()
    await Promise.all(running.map(({ ended }) => ended))
    running.length = 0
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  function serve(args: readonly string[], options: RunOptions = {}): RunningScript {
    const script = startScript('lib/cli/main.ts', { ...options, args: ['serve', ...args] })
    running.push(script)
    return script
  }

  async function addressOf(script: RunningScript): Promise<string> {
    return (await script.printed(/^listening at (.*)$/m))[1] as string
  }

  it('serves classes, instances and the tree that a module exports, and says what it skips', async () => {
    const script = serve([greetings, '--port', '0'])
    const address = await addressOf(script)
    expect(address).to.match(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    await using client = new Client(address)
    expect(await client.runAction('Greet', 'ada')).to.equal('hello ada')
    expect(await client.runAction('Hidden')).to.equal('not exported as a class')
    expect(await client.runAction('tree.leaf')).to.equal('leaf')
    expect(await client.runAction('tree.double', 4)).to.equal(8)
    expect(script.stdout).to.include('serving Hidden, Finish, Greet, Linger, Numbers, tree.leaf, tree.double\n')
    expect(script.stdout).to.include('skipped Contract: it is a contract without an action() method')
    expect(script.stdout).to.include('skipped Needy: its constructor takes 1 argument(s); export an instance')
  })

  it('names the exported channels, guards, tasks, processes and services that it does not serve', async () => {
    const script = serve([compiled('spec/cli/modules/unserved.ts'), '--port', '0'])
    await addressOf(script)
    expect(script.stdout.match(/^skipped .*$/gm)).to.deep.equal([
      'skipped Counter: a service; isock start and isock server serve it',
      'skipped Door: a guard protects nothing here; a program passes it to new Server({ guards })',
      'skipped News: a channel; server.addChannel adds it, in a program, or in setup(server) of a daemon',
      'skipped Nightly: a task; server.addTask adds it, in a program, or in setup(server) of a daemon',
      'skipped Ticker: a process; server.addProcess adds it, in a program, or in setup(server) of a daemon',
      'skipped door: a guard protects nothing here; a program passes it to new Server({ guards })',
    ])
  })

  longIt('has the store that a module asks for, which isock data finds without an option', async () => {
    const env = { SPEC_STORE: join(folder, 'diary.db'), ISOCK_DATA_URL: undefined }
    const diary = compiled('spec/cli/modules/diary.ts')
    const script = serve([diary, '--port', '0'], { env })
    await using client = new Client(await addressOf(script))
    expect(await client.runAction('Write', 'monday')).to.equal(1)
    const input = "db.create(Page, { text: 'tuesday' })\n"
    const shell = await startScript('lib/cli/main.ts', { args: ['data', 'shell', diary], input, env }).ended
    expect(shell.stdout).to.include("text: 'tuesday'")
    // The server goes on, and sees it.
    expect(await client.runAction('Write', 'wednesday')).to.equal(3)
  })

  longIt('logs JSON lines to standard error, at the level that it is told', async () => {
    const [talking, silent] = [
      serve([greetings, '--port', '0']),
      serve([greetings, '--port', '0', '--log-level', 'SILENT']),
    ]
    const addresses = [await addressOf(talking), await addressOf(silent)]
    expect(JSON.parse(talking.stderr.split('\n')[0] as string)).to.include({ level: 'info', msg: 'listening' })
    expect(silent.stderr).to.equal('')
    expect(addresses[0]).to.not.equal(addresses[1])
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const signalIt: typeof longIt = signal === 'SIGINT' ? it : longIt
    signalIt(`lets running calls finish on ${signal}, and exits with 0`, async () => {
      const script = serve([greetings, '--port', '0'])
      await using client = new Client(await addressOf(script))
      const call = client.runAction('Finish')
      await script.printed(/^finishing$/m)
      script.kill(signal)
      expect(await call).to.equal('finished')
      expect((await script.ended).code).to.equal(0)
    })
  }

  longIt('exits at once on a second Ctrl-C', async () => {
    const script = serve([greetings, '--port', '0'])
    await using client = new Client(await addressOf(script), { retry: 0 })
    const outcome = client.runAction('Linger').outcome()
    await script.printed(/^lingering$/m)
    script.kill('SIGINT')
    await script.printed(/a second signal ends it immediately/, 'stderr')
    script.kill('SIGINT')
    expect((await script.ended).code).to.equal(130)
    expect((await outcome).ok).to.equal(false)
  })

  longIt('tells calls to stop when the grace is over', async () => {
    const script = serve([greetings, '--port', '0', '--grace', '50'])
    await using client = new Client(await addressOf(script), { retry: 0 })
    const outcome = client.runAction('Linger').outcome()
    await script.printed(/^lingering$/m)
    script.kill('SIGINT')
    expect((await script.ended).code).to.equal(0)
    expect(await outcome).to.deep.equal({ ok: true, value: undefined })
  })

  it('exits with 1 where the port is taken, and says which', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    const { code, stderr } = await serve([greetings, '--port', String(port), '--log-level', 'warn']).ended
    holder.close()
    expect(stderr).to.equal(`isock: tcp://127.0.0.1:${port} is in use; stop what listens there, or use another port\n`)
    expect(code).to.equal(1)
  })

  longIt('exits with 1 where there is nothing to serve, or a module fails', async () => {
    const names = ['empty', 'broken'].map((name) => compiled(`spec/cli/modules/${name}.ts`))
    const [empty, broken] = names.map((name) => serve([name])) as [RunningScript, RunningScript]
    expect(await empty.ended).to.deep.include({
      code: 1,
      stderr: `isock: no action to serve in ${names[0]}\n`,
    })
    expect(await broken.ended).to.deep.include({
      code: 1,
      stderr: `isock: cannot load ${names[1]}: RangeError: broken on purpose\n`,
    })
  })

  longIt('exits with 2 on wrong arguments', async () => {
    const wrong: [string[], RegExp][] = [
      [[], /missing required argument 'modules'/],
      [['nowhere.ts'], /^isock: there is no module nowhere\.ts\n$/],
      [[greetings, '--port', '70000'], /It must be a whole number from 0 to 65535/],
      [[greetings, '--tls-key', 'key.pem'], /^isock: TLS needs both --tls-key and --tls-cert\n$/],
      [[greetings, '--log-level', 'loud'], /Allowed choices are trace, debug/],
    ]
    const ended = await Promise.all(wrong.map(([args]) => serve(args).ended))
    for (const [index, { code, stderr }] of ended.entries()) {
      expect(stderr).to.match(wrong[index]![1])
      expect(code, stderr).to.equal(2)
    }
  })

  longIt('listens at a Unix socket', async () => {
    const path = join(folder, 'own', 'isock.sock')
    const address = await addressOf(serve([greetings, '--path', path]))
    expect(address).to.equal(`unix:${path}`)
    await using client = new Client(address)
    expect(await client.runAction('Greet', 'ada')).to.equal('hello ada')
  })

  longIt('asks for the token of a file, which only its owner can read', async () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'the right token\n', { mode: 0o600 })
    const address = await addressOf(serve([greetings, '--port', '0', '--token-file', file]))
    await using stranger = new Client(address)
    const outcome = await stranger.runAction('Greet', 'ada').outcome()
    expect(!outcome.ok && outcome.error).to.be.an.instanceOf(AuthError)

    const call = (options: RunOptions, ...more: string[]) =>
      startScript('lib/cli/main.ts', { ...options, args: ['call', address, 'Greet', '"ada"', ...more] }).ended
    const [without, wrong, byFile, byVariable] = await Promise.all([
      call({}),
      call({ env: { ISOCK_TOKEN: 'a wrong token' } }),
      call({}, '--token-file', file),
      call({ env: { ISOCK_TOKEN: 'the right token' } }),
    ])
    expect(without).to.include({ code: 4 })
    expect(without.stderr).to.match(
      /^isock: this server asks for a token; this client presents nothing: .*ISOCK_TOKEN\n$/,
    )
    expect(wrong).to.include({ code: 4, stderr: 'isock: the token is wrong\n' })
    expect(byFile).to.include({ code: 0, stdout: 'hello ada\n' })
    expect(byVariable).to.include({ code: 0, stdout: 'hello ada\n' })

    chmodSync(file, 0o644)
    expect((await call({}, '--token-file', file)).code).to.equal(2)
  })

  longIt('does not leave a Unix socket open where TLS was asked for', async function () {
    const { server } = makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
    const [key, cert, path] = [join(folder, 'key'), join(folder, 'cert'), join(folder, 'own', 'isock.sock')]
    writeFileSync(key, server.key)
    writeFileSync(cert, server.cert)
    const keys = ['--tls-key', key, '--tls-cert', cert]
    const { code, stderr } = await serve([greetings, '--path', path, ...keys]).ended
    expect(stderr).to.match(/^isock: TLS needs a port, and only a path was given/)
    expect(code).to.equal(2)
    const both = serve([greetings, '--path', path, '--port', '0', ...keys])
    await both.printed(/^listening at tls:.*$/m)
    await both.printed(/^listening at unix:.*$/m)
  })

  longIt('speaks TLS, and asks for certificates where it is given an authority', async function () {
    const { ca, server, client } =
      makeCertificates() ?? skip(this, 'there is no openssl command; install the package openssl')
    const files = { ca, key: server.key, cert: server.cert, 'client-key': client.key, 'client-cert': client.cert }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const file = (name: keyof typeof files) => join(folder, name)
    const keys = ['--tls-key', file('key'), '--tls-cert', file('cert')]
    const open = await addressOf(serve([greetings, '--port', '0', ...keys]))
    const closed = await addressOf(serve([greetings, '--port', '0', ...keys, '--tls-ca', file('ca')]))
    expect(open).to.match(/^tls:\/\/127\.0\.0\.1:\d+$/)

    const call = (address: string, ...args: string[]) =>
      startScript('lib/cli/main.ts', { args: ['call', address, 'Greet', '"ada"', '--retry', '0', ...args] }).ended
    const trusting = ['--tls-ca', file('ca')]
    const showing = ['--tls-cert', file('client-cert'), '--tls-key', file('client-key')]
    const [distrusting, trusted, anonymous, known] = await Promise.all([
      call(open),
      call(open, ...trusting),
      call(closed, ...trusting),
      call(closed, ...trusting, ...showing),
    ])
    expect(distrusting.code).to.equal(3)
    expect(trusted).to.include({ code: 0, stdout: 'hello ada\n' })
    expect(anonymous.code).to.equal(3)
    expect(known).to.include({ code: 0, stdout: 'hello ada\n' })
  })

  longIt('serves HTTP too with --web', async () => {
    const script = serve([greetings, '--port', '0', '--web', '0'])
    const [, url] = await script.printed(/^HTTP at (.*)$/m)
    const answer = await fetch(`${url}/Greet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '"ada"',
    })
    expect(await answer.json()).to.equal('hello ada')
    const { stdout: help } = await serve(['--help']).ended
    const [, header = '', data = ''] =
      help.match(/^ *curl localhost:8080\/actions\/Echo (?:-H '(.*?)' )?-d '(.*)'$/m) ?? []
    const [name, value] = header.split(': ') as [string, string]
    const asked = await fetch(`${url}/Greet`, { method: 'POST', headers: { [name]: value }, body: data })
    expect([asked.status, await asked.json()]).to.deep.equal([200, 'hello hi'])
    const [, address] = await script.printed(/^listening at (ws:.*)$/m)
    await using client = new Client(address as string)
    expect(await client.runAction('Greet', 'bob')).to.equal('hello bob')
  })

  longIt('restarts with --watch when a file changes, and waits for one after a fault; clients reconnect', async () => {
    const module = join(folder, 'actions.mjs')
    const path = join(folder, 'isock.sock')
    const write = (text: string): void => writeFileSync(module, text)
    write('export const actions = { which: () => 1 }')
    const script = serve([module, '--path', path, '--watch'])
    await script.printed(/^listening at unix:/m)
    await using client = new Client(`unix:${path}`, { retry: 1_000 })
    expect(await client.runAction('which')).to.equal(1)
    write('export const actions = { which: () => 2 }')
    await script.printed(/^restarting: .*actions\.mjs changed$/m, 'stderr')
    await script.printed(/listening[\s\S]*listening/)
    expect(await client.runAction('which')).to.equal(2)
    write('export const actions = {')
    await script.printed(/^isock: cannot load .*SyntaxError.*\nthe server ended; it starts again/m, 'stderr')
    write('export const actions = { which: () => 3 }')
    await script.printed(/(listening[\s\S]*){3}/)
    expect(await client.runAction('which')).to.equal(3)
    script.kill('SIGINT')
    expect(await script.ended).to.include({ code: 0 })
  })

  longIt('ends with Ctrl-C after a restart, and waits for nothing of the former server', async () => {
    const module = join(folder, 'actions.mjs')
    writeFileSync(module, 'export const actions = { which: () => 1 }')
    // A server that has ended is given no more of its grace.
    const script = serve([module, '--path', join(folder, 'isock.sock'), '--watch', '--grace', '600000'])
    await script.printed(/^listening at unix:/m)
    writeFileSync(module, 'export const actions = { which: () => 2 }')
    await script.printed(/listening[\s\S]*listening/)
    script.kill('SIGINT')
    expect(await script.ended).to.include({ code: 0 })
  })

  longIt('leaves signals to its program when it has ended', async () => {
    const script = startScript('spec/cli/watching-program.ts', {
      args: [compiled('lib/cli/main.ts'), greetings, '--path', join(folder, 'isock.sock')],
    })
    running.push(script)
    await script.printed(/^listening at unix:/m)
    script.kill('SIGTERM')
    expect((await script.ended).stdout).to.match(/^listeners of signals: 0$/m)
  })

  longIt('ends with the process that watches for it', async () => {
    const path = join(folder, 'isock.sock')
    const script = serve([greetings, '--path', path, '--watch'])
    await script.printed(/^listening at unix:/m)
    script.kill('SIGKILL')
    // The pipes close when both have ended.
    expect(await script.ended).to.include({ signal: 'SIGKILL' })
  })

  longIt('refuses --watch with a port that changes', async () => {
    const { code, stderr } = await serve([greetings, '--port', '0', '--watch']).ended
    expect(code).to.equal(2)
    expect(stderr).to.include('--watch needs a port that stays the same')
  })
})
