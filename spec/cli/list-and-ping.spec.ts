// `isock ls`, `isock ping`, help and version, as processes of their own.
import { expect } from 'chai'
import { Action, Channel, Process, Server, Service } from 'isock'
import * as v from 'valibot'
import * as z from 'zod'
import { Count } from '../../shared-actions/count.ts'
import { longIt } from '../setup/long.ts'
import { runCommand } from '../setup/run-command.ts'
import { startScript } from '../setup/run-script.ts'

class Book extends Action {
  static override description = 'Books seats.\u001b[2J'
  static override input = z.object({ email: z.string(), seats: z.int(), note: z.string().optional() })
  static override output = z.array(z.string())

  override action(): string[] {
    return []
  }
}

class Other extends Action {
  static override input = v.string()

  override action(text: string): string {
    return text
  }
}

class News extends Channel<string> {
  static override description = 'What happens.'
  static override history = { size: 100 }
}

class Chat extends Channel<string> {}

class Clock extends Process {
  static override description = 'Ticks.'
  override readonly startsWithServer = false

  override run(): void {}
}

class Counter extends Service<number> {
  static override description = 'Counts.'

  override init(): number {
    return 0
  }

  override exec(state: number): number {
    return state + 1
  }
}

const run = (...args: string[]) => startScript('lib/cli/main.ts', { args }).ended

describe('isock ls and isock ping', function () {
  this.timeout(120_000)
  let server: Server
  let address: string

  before(async () => {
    server = new Server('localhost', 0)
    server.addAction(new Book()).addAction(new Other()).addAction(new Count())
    server.addActions({ math: { double: (n: number) => n * 2 } })
    server.addChannel(new News()).addChannel(new Chat()).addProcess('clock', new Clock()).addService(new Counter())
    await server.listen()
    address = server.addresses[0] as string
  })

  after(() => server.shutdown({ graceMs: 0 }))

  longIt('end quietly where the reader of their output leaves', async () => {
    for (const args of [['ls', address], ['--help'], ['call', address, 'Count', '100000000']]) {
      const running = startScript('lib/cli/main.ts', { args })
      // Before it says anything, or in the middle.
      if (args[0] === 'call') await running.printed(/^3$/m)
      running.child.stdout?.destroy()
      const { code, stderr } = await running.ended
      expect([code, stderr], args.join(' ')).to.deep.equal([0, ''])
    }
  })

  it('list the actions as a table', async () => {
    const { code, stdout } = await runCommand(['ls', address])
    expect(stdout.split('\n').map((line) => line.trimEnd())).to.deep.equal([
      'ACTION       KIND      SCHEMA                                                        DESCRIPTION',
      'Book         action    { email: string, seats: integer, note?: string } -> string[]  Books seats.\\x1b[2J',
      'Other        action    a schema of valibot',
      'Count        stream    -',
      'math.double  function  -',
      '',
      'CHANNEL  HISTORY  DESCRIPTION',
      'News     100      What happens.',
      'Chat     0',
      '',
      'PROCESS  STATE    DESCRIPTION',
      'clock    stopped  Ticks.',
      '',
      'SERVICE  PHASE  DESCRIPTION',
      'Counter  new    Counts.',
      '',
    ])
    expect(code).to.equal(0)
  })

  it('list all as JSON lines, schemas as JSON Schema', async () => {
    const { code, stdout } = await runCommand(['ls', address, '--json'])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; json: { name: string } })
    expect(lines.map(({ kind, json }) => [kind, json.name])).to.deep.equal([
      ['item', 'Book'],
      ['item', 'Other'],
      ['item', 'Count'],
      ['item', 'math.double'],
      ['item', 'News'],
      ['item', 'Chat'],
      ['item', 'clock'],
      ['item', 'Counter'],
    ])
    expect(lines[4]?.json).to.deep.equal({ kind: 'channel', name: 'News', description: 'What happens.', history: 100 })
    expect(lines[0]?.json).to.have.nested.property('input.properties.seats.type', 'integer')
    expect(code).to.equal(0)
  })

  it('ping as often as they are told', async () => {
    const human = await runCommand(['ping', address, '--count', '3'])
    const json = await runCommand(['ping', address, '--count', '4', '--json'])
    expect(human.stdout).to.match(
      /^connected to .* in [\d.]+ ms\n {2}1: .*\n {2}2: .*\n {2}3: .*\n3 calls: min [\d.]+ ms, median .*, max .* ms\n$/,
    )
    expect(human.code).to.equal(0)
    const { count, minMs, medianMs, maxMs, tookMs } = JSON.parse(json.stdout)
    expect(count).to.equal(4)
    expect(tookMs).to.have.length(4)
    expect([minMs, medianMs, maxMs]).to.deep.equal([minMs, medianMs, maxMs].toSorted((a, b) => a - b))
  })

  it('exit with 3 when the server cannot be reached, with 2 on wrong arguments', async () => {
    const ls = await runCommand(['ls', 'localhost:1', '--retry', '0'])
    const ping = await runCommand(['ping', 'localhost:1', '--retry', '0'])
    const json = await runCommand(['ping', 'localhost:1', '--retry', '0', '--json'])
    const count = await runCommand(['ping', address, '--count', '0'])
    expect([ls.code, ping.code, json.code, count.code]).to.deep.equal([3, 3, 3, 2])
    expect(ping.stderr).to.match(/^isock: cannot connect to tcp:\/\/localhost:1/)
    expect(JSON.parse(json.stderr)).to.include({ kind: 'error', name: 'ClientError', code: 'UNREACHABLE' })
  })
})

describe('isock', function () {
  this.timeout(120_000)
  it('explains itself, with examples and exit codes', async () => {
    for (const args of [[], ['serve'], ['call'], ['ls'], ['ping'], ['watch']]) {
      const { code, stdout, stderr } = await runCommand([...args, '--help'])
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.include(args.length === 0 ? 'Exit codes:' : 'Examples:\n  isock ')
    }
  })

  it('tells its version', async () => {
    const { code, stdout } = await run('--version')
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/)
    expect(code).to.equal(0)
  })

  longIt('exits with 2 without a command, or with an unknown one', async () => {
    const [nothing, unknown] = await Promise.all([run(), run('cal')])
    expect(nothing.code).to.equal(2)
    expect(unknown.code).to.equal(2)
    expect(unknown.stderr).to.include('Did you mean call?')
  })
})
