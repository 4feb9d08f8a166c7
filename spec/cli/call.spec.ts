// `isock call` against a server of this process: in the same one, or in one of its own where signals, pipes and standard input count.
import { expect } from 'chai'
import { Action, type Context, Server } from 'isock'
import * as z from 'zod'
import { Order } from '../../shared-actions/stock.ts'
import { longIt } from '../setup/long.ts'
import { runCommand } from '../setup/run-command.ts'
import { startScript } from '../setup/run-script.ts'
import { waitFor } from '../setup/wait-for.ts'

class Linger extends Action {
  started = 0
  stopped = 0

  override async *action(_data: undefined, { signal }: Context): AsyncGenerator<string, void, undefined> {
    this.started++
    yield 'started'
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    this.stopped++
    // Longer than the caller's own timer may be late: who called is to notice the time first.
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

class Sum extends Action {
  /** Items of the run that is going on. */
  read = 0

  override async action(numbers: AsyncIterable<number>): Promise<number> {
    let sum = 0
    this.read = 0
    for await (const number of numbers) {
      this.read++
      sum += number
    }
    this.read = 0
    return sum
  }
}

class Checked extends Action {
  static override input = z.object({ seats: z.int(), row: z.int().optional() })

  override action({ seats }: { seats: number }): number {
    return seats
  }
}

describe('isock call', function () {
  this.timeout(120_000)
  let server: Server
  let address: string
  let linger: Linger
  let sum: Sum
  let counted = 0

  before(async () => {
    server = new Server('localhost', 0)
    linger = new Linger()
    sum = new Sum()
    server.addAction(linger)
    for (const action of [sum, new Checked(), new Order(new Map([['teapot', 3]]))]) server.addAction(action)
    server.addActions({
      Echo: (data: unknown) => data,
      Count: function* (upTo: number) {
        try {
          for (let n = 1; n <= upTo; n++) yield n
          return 'done'
        } finally {
          counted++
        }
      },
      Rich: () => new Map<string, unknown>([['at', new Date(0)]]),
      Bytes: () => new Uint8Array([1, 2, 3]),
      Escape: () => {
        throw new Error('red \u001b[31m text')
      },
    })
    await server.listen()
    address = server.addresses[0] as string
  })

  after(() => server.shutdown({ graceMs: 0 }))

  const start = (args: string[], input?: string | null) =>
    startScript('lib/cli/main.ts', { args: ['call', ...args], ...(input === undefined ? {} : { input }) })
  const call = (...args: string[]) => runCommand(['call', address, ...args])
  const linesOf = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)

  it('prints the result for people: text as it is, other values as Node shows them', async () => {
    const [text, object, rich, nothing] = await Promise.all([
      call('Echo', '"hi\\nthere"'),
      call('Echo', '{"a":[1,null]}'),
      call('Rich'),
      call('Echo'),
    ])
    expect(text).to.include({ code: 0, stdout: 'hi\nthere\n', stderr: '' })
    expect(object).to.include({ code: 0, stdout: '{ a: [ 1, null ] }\n' })
    expect(rich.stdout).to.equal("Map(1) { 'at' => 1970-01-01T00:00:00.000Z }\n")
    expect(nothing).to.include({ code: 0, stdout: '', stderr: '' })
  })

  it('prints items as they come, then the result', async () => {
    expect((await call('Count', '3')).stdout).to.equal('1\n2\n3\ndone\n')
    const running = start([address, 'Linger'])
    await running.printed(/^started$/m)
    running.kill('SIGINT')
    await running.ended
  })

  it('prints JSON lines, rich values with their meta, bytes as base64', async () => {
    const [count, rich, bytes] = await Promise.all([
      call('Count', '2', '--json'),
      call('Rich', '--json'),
      call('Bytes', '--json'),
    ])
    expect(linesOf(count.stdout)).to.deep.equal([
      { kind: 'item', json: 1 },
      { kind: 'item', json: 2 },
      { kind: 'result', json: 'done' },
    ])
    expect(linesOf(rich.stdout)).to.deep.equal([
      {
        kind: 'result',
        json: [['at', '1970-01-01T00:00:00.000Z']],
        meta: { values: ['map', { '0.1': ['Date'] }], v: 1 },
      },
    ])
    expect(linesOf(bytes.stdout)).to.deep.equal([{ kind: 'result', bytes: ['AQID'] }])
  })

  longIt('reads data from standard input: whole, or a line for each item', async () => {
    const [whole, lines, badLine] = await Promise.all([
      start([address, 'Echo', '-'], '{\n  "from": "stdin"\n}\n').ended,
      start([address, 'Sum', '--stdin'], '1\n2\n\n39\n').ended,
      start([address, 'Sum', '--stdin'], '1\ntwo\n').ended,
    ])
    expect(whole).to.include({ code: 0, stdout: "{ from: 'stdin' }\n" })
    expect(lines).to.include({ code: 0, stdout: '42\n' })
    expect(badLine).to.include({ code: 2, stdout: '' })
    expect(badLine.stderr).to.match(
      /^isock: line 2 of standard input is not JSON: expected a value at line 1, column 1/,
    )
  })

  it("prints an action's exception with its fields, and exits with 1", async () => {
    const order = '{"item":"teapot","quantity":9}'
    const [human, json] = await Promise.all([call('Order', order), call('Order', order, '--json')])
    expect(human.code).to.equal(1)
    expect(human.stdout).to.equal('')
    expect(human.stderr).to.equal(
      [
        'OutOfStock: 9 x teapot ordered, 3 left',
        '  code: OUT_OF_STOCK',
        "  item: 'teapot'",
        '  wanted: 9',
        '  left: 3',
        '',
      ].join('\n'),
    )
    expect(json.code).to.equal(1)
    expect(linesOf(json.stderr)).to.deep.equal([
      {
        kind: 'error',
        name: 'OutOfStock',
        message: '9 x teapot ordered, 3 left',
        code: 'OUT_OF_STOCK',
        json: { item: 'teapot', wanted: 9, left: 3 },
      },
    ])
  })

  it('exits with 1 when the server refuses the call', async () => {
    const [unknown, invalid] = await Promise.all([call('Ecko', '1'), call('Checked', '{"seats":"two"}')])
    expect(unknown.code).to.equal(1)
    expect(unknown.stderr).to.include('unknown action "Ecko"; did you mean "Echo"?')
    expect(invalid.code).to.equal(1)
    expect(invalid.stderr).to.match(/^ValidationError: input of action "Checked" is not valid/)
    expect(invalid.stderr)
      .to.match(/seats: /)
      .and.not.match(/seats:[\s\S]*seats:/)
    const several = await call('Checked', '{"seats":"two","row":"x"}')
    expect(several.stderr).to.match(/^ValidationError: .* is not valid: seats: .* \(and 1 more\)$/m)
    expect(several.stderr)
      .to.match(/^ {2}row: /m)
      .and.not.match(/seats:[\s\S]*seats:/)
  })

  it('shows control characters of others instead of obeying them', async () => {
    expect((await call('Escape')).stderr).to.match(/^Error: red \\x1b\[31m text\n/)
  })

  it('says where the log of the server has an error that its action does not declare', async () => {
    expect((await call('Escape')).stderr).to.match(/\n {2}errorId: [\da-f]{8}-\d+ \(in the server's log\)\n$/)
  })

  it('exits with 2 on bad JSON, and shows where it is bad', async () => {
    const [open, word] = await Promise.all([call('Echo', '{"a": [1,}'), call('Echo', 'hello')])
    expect(open.code).to.equal(2)
    expect(open.stderr).to.equal(
      'isock: [json] is not JSON: expected a value at line 1, column 10\n  {"a": [1,}\n           ^\n',
    )
    expect(word.code).to.equal(2)
    expect(word.stderr).to.include('a text needs quotes: \'"hello"\'')
  })

  it('exits with 2 on wrong arguments and options', async () => {
    const wrong: [string[], RegExp][] = [
      [[], /missing required argument 'address'\nSee: isock call --help\n$/],
      [[address], /missing required argument 'action'/],
      [['nowhere', 'Echo'], /^isock: option address: expected/],
      [[address, 'Echo', '--timeout', 'soon'], /argument 'soon' is invalid. It must be a whole number from 1/],
      [[address, 'Echo', '--nosuch'], /unknown option '--nosuch'/],
      [[address, 'Echo', '1', '--stdin'], /either \[json\] or --stdin/],
      [[address, 'Echo', '--token-file', '/nowhere/token'], /cannot read the secret file \/nowhere\/token/],
      [[address, 'Echo', '--tls-ca', '/nowhere/ca'], /--tls-ca: cannot read \/nowhere\/ca/],
    ]
    const ended = await Promise.all(wrong.map(([args]) => runCommand(['call', ...args])))
    for (const [index, { code, stderr }] of ended.entries()) {
      expect(stderr).to.match(wrong[index]![1])
      expect(stderr).to.not.match(/^ {4}at /m)
      expect(code, stderr).to.equal(2)
    }
  })

  it('exits with 3 when the server cannot be reached, and prints a stack only where it is asked for', async () => {
    const args = ['call', 'localhost:1', 'Echo', '--retry', '0']
    const [plain, debug] = await Promise.all([runCommand(args), runCommand(args, { env: { ISOCK_DEBUG: '1' } })])
    expect(plain.code).to.equal(3)
    expect(plain.stderr).to.match(/^isock: cannot connect to tcp:\/\/localhost:1: .*ECONNREFUSED.*\n$/)
    expect(debug.code).to.equal(3)
    expect(debug.stderr).to.match(/^ {4}at /m)
  })

  longIt('exits with 5 when the time runs out after the call was sent', async () => {
    const { code, stdout, stderr } = await call('Linger', '--timeout', '1000')
    expect(stdout).to.equal('started\n')
    expect(stderr).to.equal('isock: action "Linger" did not finish within 1000 ms\n')
    expect(code).to.equal(5)
  })

  it('cancels the call on Ctrl-C, and exits with 130', async () => {
    const { started, stopped } = linger
    const running = start([address, 'Linger'])
    await running.printed(/^started$/m)
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).to.equal(130)
    expect(stderr).to.equal('')
    expect(linger.started).to.equal(started + 1)
    await waitFor(() => linger.stopped === stopped + 1, { what: 'the action to be told' })
  })

  longIt('does not wait for its standard input after Ctrl-C', async () => {
    sum.read = 0
    const [whole, lines] = [start([address, 'Echo', '-'], null), start([address, 'Sum', '--stdin'], null)]
    // More than a pipe holds: it is written when the command reads.
    await new Promise((resolve) => whole.child.stdin?.write(' '.repeat(1024 * 1024), resolve))
    lines.child.stdin?.write('1\n')
    await waitFor(() => sum.read > 0, { what: 'the action to read an item', timeoutMs: 8_000 })
    for (const running of [whole, lines]) {
      running.kill('SIGINT')
      expect((await running.ended).code).to.equal(130)
    }
  })

  longIt('cancels the call when the reader of its output leaves', async () => {
    const before = counted
    const running = start([address, 'Count', '1000000000'])
    await running.printed(/^3$/m)
    running.child.stdout?.destroy()
    expect((await running.ended).code).to.equal(0)
    await waitFor(() => counted === before + 1, { what: 'the action to end' })
  })
})
