// What peers, stores and logs have to say never commands the terminal of whoever runs a command; pipes get it exactly.
import { mkdtempSync, rmSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Action, AuthError, Client, Server, Service } from 'isock'
import { printable, printableJson } from '../../lib/core/base/terminal-text.ts'
import { compiled } from '../setup/compiled.ts'
import { longIt } from '../setup/long.ts'
import { type Ended, type RunningScript, type RunOptions, startScript } from '../setup/run-script.ts'

/** Clears the screen, in both spellings, sets the title, and turns the direction of writing. */
const commands = '\u001b[2J\u009b2J\u001b]0;title\u0007\r\u202e\u2066\u007f'
const shown = printable(commands)
/** Without those of the commands' own colors. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colors are made of
const withoutColors = (text: string): string => text.replace(/\u001b\[\d+m/g, '')

class Named extends Action {
  static override actionName = 'Named'
  static override description = `says ${commands}`

  override action(): never {
    throw Object.assign(new Error(`thrown ${commands}`), { code: `CODE ${commands}` })
  }
}

class Thrown extends Action {
  override action(): never {
    throw commands
  }
}

class Counter extends Service<number, number> {
  override init(start: number): number {
    return start
  }

  override exec(state: number): number {
    return state
  }

  override async exit(_state: unknown, _args: unknown, { respond }: { respond(value: unknown): Promise<void> }) {
    await respond(`ended ${commands}`)
  }
}

describe('a terminal', function () {
  this.timeout(120_000)
  let folder: string
  let server: Server
  let address: string
  const running: RunningScript[] = []

  before(async () => {
    server = new Server('localhost', 0)
    server.addAction(new Named()).addAction(new Thrown())
    server.addActions({
      text: () => commands,
      values: () => ({
        error: new RangeError(commands),
        [commands]: new Map([[commands, commands]]),
      }),
      items: function* () {
        yield commands
      },
    })
    await server.listen()
    address = server.addresses[0] as string
  })

  after(() => server.shutdown({ graceMs: 0 }))

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-terminal-'))
  })

  afterEach(async () => {
    for (const each of running) each.kill()
    await Promise.all(running.map(({ ended }) => ended))
    running.length = 0
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  function start(args: readonly string[], options: RunOptions = {}): RunningScript {
    const preload = fileURLToPath(new URL('modules/terminal.mjs', import.meta.url))
    const env = { ISOCK_STATE_DIR: folder, NODE_OPTIONS: `--import=${preload}`, ...options.env }
    const script = startScript('lib/cli/main.ts', { ...options, args, env })
    running.push(script)
    return script
  }

  const onTerminal = (...args: string[]): Promise<Ended> => start(args).ended
  const piped = (...args: string[]): Promise<Ended> => start(args, { env: { NODE_OPTIONS: '' } }).ended

  function expectObedientToNobody({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): void {
    for (const text of [stdout, stderr]) expect(printable(withoutColors(text))).to.equal(withoutColors(text))
  }

  longIt('shows the results and items of isock call, whatever they are', async () => {
    const [text, items, values] = await Promise.all([
      onTerminal('call', address, 'text'),
      onTerminal('call', address, 'items'),
      onTerminal('call', address, 'values'),
    ])
    expect([text.stdout, items.stdout]).to.deep.equal([`${shown}\n`, `${shown}\n`])
    for (const each of [text, items, values]) expectObedientToNobody(each)
    expect(values.stdout).to.include('RangeError').and.to.include(shown)
    expect(values.stdout, 'no colors beside commands').to.equal(withoutColors(values.stdout))
  })

  longIt('gets results as they are with --raw, as a pipe and a file do without it', async () => {
    const [raw, plain, items] = await Promise.all([
      onTerminal('call', address, 'text', '--raw'),
      piped('call', address, 'text'),
      piped('call', address, 'items', '--raw'),
    ])
    for (const { stdout } of [raw, plain, items]) expect(stdout).to.equal(`${commands}\n`)
    const both = await piped('call', address, 'text', '--raw', '--json')
    expect(both.code).to.equal(2)
    expect(both.stderr).to.include("option '--raw' cannot be used with option '--json'")
    expect((await piped('call', '--help')).stdout).to.include('--raw')
  })

  longIt('gets JSON that says exactly the same, and commands nothing', async () => {
    for (const args of [
      ['call', address, 'text'],
      ['call', address, 'Named'],
      ['ls', address],
    ]) {
      const [terminal, pipe] = await Promise.all([onTerminal(...args, '--json'), piped(...args, '--json')])
      expectObedientToNobody(terminal)
      const valuesOf = ({ stdout, stderr }: Ended): unknown[] =>
        `${stdout}${stderr}`
          .trim()
          .split('\n')
          .map((line) => ({ ...(JSON.parse(line) as object), errorId: undefined }))
      expect(valuesOf(terminal)).to.deep.equal(valuesOf(pipe))
      if (args[2] === 'text') expect(pipe.stdout).to.equal(`${JSON.stringify({ kind: 'result', json: commands })}\n`)
    }
  })

  longIt('shows what actions throw, with the stack that ISOCK_DEBUG asks for', async () => {
    const [named, thrown] = await Promise.all([
      start(['call', address, 'Named'], { env: { ISOCK_DEBUG: '1' } }).ended,
      onTerminal('call', address, 'Thrown'),
    ])
    for (const each of [named, thrown]) {
      expectObedientToNobody(each)
      expect(each.code).to.equal(1)
    }
    expect(named.stderr).to.match(/^ {4}at /m)
    expect(thrown.stderr).to.match(/^thrown: /)
  })

  longIt('shows what a server says that lets nobody in, to each command with a client', async () => {
    const closed = new Server({
      port: 0,
      gate: () => {
        throw new AuthError(`no ${commands}`)
      },
    })
    await closed.listen()
    const at = closed.addresses[0] as string
    const port = at.split(':').at(-1) as string
    try {
      const rest = [
        ['call', at, 'x'],
        ['ls', at],
        ['ping', at],
        ['bench', at, 'x'],
        ['terminate', '127.0.0.1', port],
      ]
      for (const { code, stderr, stdout } of await Promise.all(rest.map((args) => onTerminal(...args)))) {
        expectObedientToNobody({ stdout, stderr })
        expect([code, stderr]).to.deep.equal([4, `isock: no ${shown}\n`])
      }
    } finally {
      await closed.shutdown({ graceMs: 0 })
    }
  })

  longIt('shows the table of isock ls, and what fails under isock bench', async () => {
    const [ls, bench] = await Promise.all([
      onTerminal('ls', address),
      onTerminal('bench', address, 'Named', '--calls', '1'),
    ])
    for (const each of [ls, bench]) expectObedientToNobody(each)
    expect(ls.stdout).to.include(`says ${shown}`)
    expect(bench.stderr).to.include('thrown')
  })

  longIt('shows what a service responds to isock terminate', async () => {
    const ending = new Server('localhost', 0).addService(new Counter(), { allowShutdown: true })
    await ending.listen()
    const port = (ending.addresses[0] as string).split(':').at(-1) as string
    await using client = new Client(ending.addresses[0] as string)
    await client.runAction('isock.services.initialize', { service: 'Counter', args: 1 })
    const ended = await onTerminal('terminate', 'localhost', port, '--service', 'Counter')
    await ending.shutdown({ graceMs: 0 })
    expectObedientToNobody(ended)
    expect(ended.stdout).to.include(`ended ${shown}`)
  })

  longIt('shows the log of isock serve and isock server, as JSON that says the same', async () => {
    const module = compiled('spec/cli/modules/commanding.ts')
    for (const args of [
      ['serve', module, '--port', '0'],
      ['server', '127.0.0.1', '0', module],
    ]) {
      const script = start(args, { env: { NODE_OPTIONS: '' } })
      const [, at = ''] = await script.printed(/^listening at (.*)\n/m, 'stdout', 20_000)
      await using client = new Client(at)
      await client.runAction('Throw', commands).outcome()
      await script.printed(/(something|an action) threw.*\n/, 'stderr')
      expectObedientToNobody(script)
      const line = script.stderr.split('\n').find((each) => each.includes('threw')) as string
      expect((JSON.parse(line) as { error: string }).error).to.equal(`Error: ${commands}`)
    }
  })

  longIt('shows why isock serve and isock start do not start', async () => {
    const module = compiled('spec/cli/modules/broken-loudly.ts')
    for (const ended of [await onTerminal('serve', module), await onTerminal('start', module)]) {
      expectObedientToNobody(ended)
      expect(ended.stderr).to.include('no \\x1b[2J\\x9b2J\\u202e luck')
    }
  })

  longIt('shows the state and the log of a daemon, each line of which stays JSON', async () => {
    const path = join(folder, `${'\u202e'}.sock`)
    const started = await onTerminal('start', compiled('spec/cli/modules/commanding.ts'), '--path', path)
    try {
      // As a program of its own writes, whose log this is not.
      const line = JSON.stringify({ msg: commands })
      await appendFile(join(folder, 'default', 'daemon.log'), `${line}\n`)
      const status = await onTerminal('status')
      const json = await onTerminal('status', '--json')
      const logs = await piped('logs', '--lines', '10')
      for (const each of [started, status, json, logs]) expectObedientToNobody(each)
      expect(status.stdout).to.include('\\u202e.sock')
      expect((JSON.parse(json.stdout) as { addresses: string[] }).addresses).to.deep.equal([`unix:${path}`])
      // The daemon's own lines may come before it, and after.
      const lines = logs.stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text) as unknown)
      expect(lines).to.deep.include({ msg: commands })
    } finally {
      await onTerminal('stop', '--grace', '0')
    }
  })

  longIt('shows what is in a store, and what is wrong with it', async () => {
    const models = compiled('spec/cli/modules/data-models.ts')
    const url = `file:${join(folder, 'store.db')}`
    await onTerminal('data', 'migrate', models, '--url', url)
    const text = printableJson(JSON.stringify(commands))
    const input = [
      `db.create(Member, { email: ${text} })`,
      'db.query(Member)',
      `new RegExp(${text}.replace(/[[]]/g, ''))`,
      `db.get(Member, ${text})`,
      `throw new Error(${text})`,
    ]
    // Without a terminal, whose own line editing would be among what is printed.
    const options = { input: `${input.join('\n')}\n`, env: { NODE_OPTIONS: '' } }
    const shell = await start(['data', 'shell', models, '--url', url], options).ended
    expectObedientToNobody(shell)
    expect(shell.stdout).to.include('email').and.to.include('\\u202e')
    await mkdir(join(folder, 'files'))
    await writeFile(join(folder, 'files', 'Club.json'), JSON.stringify([{ pk: commands, [commands]: 1 }]))
    const imported = await onTerminal('data', 'import', join(folder, 'files'), models, '--url', url)
    expectObedientToNobody(imported)
    expect(imported.stderr).to.match(/^isock: /m)
  })
})
