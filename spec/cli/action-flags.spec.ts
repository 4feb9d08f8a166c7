// Flags for the fields of an action's data, made from its schema.
import { expect } from 'chai'
import { Action, Server } from 'isock'
import * as z from 'zod'
import { areFlags, dataOfFlags, flagsHelp } from '../../lib/cli/action-flags.ts'
import { runCommand } from '../setup/run-command.ts'

const schema = z.toJSONSchema(
  z.object({
    email: z.string().describe('Whose it is.'),
    seatCount: z.int().default(1),
    price: z.number().optional(),
    urgent: z.boolean().optional(),
    class: z.enum(['first', 'second']).optional(),
    tags: z.array(z.string()).optional(),
    numbers: z.array(z.number()).optional(),
    limit: z.union([z.number(), z.null()]).optional(),
    either: z.union([z.string(), z.number()]).optional(),
    address: z.object({ city: z.string() }).optional(),
    other: z.unknown().optional(),
  }),
  { io: 'input' },
)

const read = (...texts: string[]) => dataOfFlags('Book', schema, ['--email', 'ada', ...texts])

describe('The flags of an action', () => {
  it('are converted as its schema says', () => {
    const cases: [string[], object][] = [
      [['--seat-count', '2'], { seatCount: 2 }],
      [['--seatCount=2'], { seatCount: 2 }],
      [['--price', '-1.5'], { price: -1.5 }],
      [['--urgent'], { urgent: true }],
      [['--no-urgent'], { urgent: false }],
      [['--urgent=false', '--class', 'first'], { urgent: false, class: 'first' }],
      [['--tags', 'a', '--tags=b=c'], { tags: ['a', 'b=c'] }],
      [['--numbers', '1', '--numbers', '2'], { numbers: [1, 2] }],
      [['--numbers', '[1, 2]'], { numbers: [1, 2] }],
      [['--limit', 'null'], { limit: null }],
      [['--limit', '7'], { limit: 7 }],
      [['--either', '7'], { either: 7 }],
      [['--either', 'seven'], { either: 'seven' }],
      [['--address', '{"city": "Rome"}'], { address: { city: 'Rome' } }],
      [['--other', '{"a": 1}'], { other: { a: 1 } }],
      [['--other', 'text'], { other: 'text' }],
      // What follows is for the action, whatever the command calls its own options.
      [['--', '--price', '1'], { price: 1 }],
    ]
    for (const [texts, data] of cases) expect(read(...texts), texts.join(' ')).to.deep.equal({ email: 'ada', ...data })
    expect(dataOfFlags('Book', schema, ['--email', '12'])).to.deep.equal({ email: '12' })
  })

  it('are named by what is wrong with them', () => {
    const cases: [string[], string][] = [
      [['--seat-count', 'two'], '--seat-count: expected integer, got "two"'],
      [['--seat-count', '1.5'], '--seat-count: expected integer, got "1.5"'],
      [['--seat-count', ''], '--seat-count: expected integer, got ""'],
      [['--seat-count'], '--seat-count: its value is missing (integer)'],
      [['--class', 'third'], '--class: expected "first" | "second", got "third"'],
      [['--urgent=perhaps'], '--urgent: expected boolean, got "perhaps"'],
      [['--address', 'Rome'], '--address: expected { city: string }, got "Rome"'],
      [['--price', '1', '--price', '2'], '--price: it is given twice'],
      [['--numbers', '[1,'], '--numbers: expected number[], got "[1,"'],
      [
        ['--seat-cont', '1'],
        `unknown option '--seat-cont': action "Book" has no such field; did you mean --seat-count?`,
      ],
      [['Rome'], '"Rome": expected a flag for a field of action "Book"'],
      [['-x'], '"-x": expected a flag for a field of action "Book"'],
    ]
    for (const [texts, message] of cases) expect(() => read(...texts), message).to.throw(message)
    expect(() => dataOfFlags('Book', schema, ['--price', '1'])).to.throw('--email: missing; action "Book" needs it')
    expect(() => dataOfFlags('Echo', undefined, ['--jsno'])).to.throw(
      `unknown option '--jsno': action "Echo" has no schema of its input, so give its data as JSON`,
    )
    expect(() => dataOfFlags('Echo', { type: 'string' }, ['--a'])).to.throw('takes no object with known fields')
  })

  it('are no data in JSON, and no standard input', () => {
    for (const text of ['-', '-5', '-0.5', '{}', '"--a"', '5', '']) expect(areFlags([text]), text).to.equal(false)
    for (const text of ['--a', '-a', '--', '--a=1']) expect(areFlags([text]), text).to.equal(true)
    expect(areFlags([])).to.equal(false)
  })

  it('survive a schema of a hostile server', () => {
    const hostile = JSON.parse(
      '{"properties": {"__proto__": {"type": "string"}, "a\\u001b[2J": 5, "b": {"type": ["string", 1], "enum": 3}}, "required": 7}',
    ) as object
    expect(flagsHelp(hostile)).to.include('--b').and.not.include('\u001b')
    const data = dataOfFlags('Odd', hostile, ['--__proto__', 'x'])
    expect(Object.keys(data)).to.deep.equal(['__proto__'])
    expect(Object.getPrototypeOf(data)).to.equal(Object.prototype)
  })
})

class Add extends Action {
  static override description = 'Adds two numbers.'
  static override input = z.object({ a: z.number(), b: z.number().describe('What is added.').default(0) })

  override action({ a, b }: { a: number; b: number }): number {
    return a + b
  }
}

describe('isock call with flags', () => {
  let server: Server
  let address: string

  before(async () => {
    server = new Server('localhost', 0)
    server.addAction(new Add()).addActions({ echo: (data: unknown) => data })
    await server.listen()
    address = server.addresses[0] as string
  })

  after(() => server.shutdown({ graceMs: 0 }))

  const call = (...args: string[]) => runCommand(['call', ...args])

  it('runs the action with the data that they say, beside options of the command', async () => {
    expect(await call(address, 'Add', '--a', '1', '--b=-2.5', '--json')).to.include({
      code: 0,
      stdout: '{"kind":"result","json":-1.5}\n',
    })
    expect((await call('--retry', '0', address, 'Add', '--a', '1')).stdout).to.equal('1\n')
    expect((await call(address, 'Add', '{"a": 1}')).stdout).to.equal('1\n')
    expect((await call(address, 'echo', '-5')).stdout).to.equal('-5\n')
  })

  it('exits with 2 and the flag that is wrong', async () => {
    const wrong: [string[], string][] = [
      [['--a', 'one'], '--a: expected number, got "one"'],
      [['--c', '1'], `unknown option '--c': action "Add" has no such field`],
      [['--a', '1', '--stdin'], 'not both'],
      [['1', '2'], 'too many arguments'],
      [['1', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
    ]
    for (const [args, message] of wrong) {
      const { code, stderr } = await call(address, 'Add', ...args)
      expect(stderr).to.include(message)
      expect(code).to.equal(2)
    }
    const other = await call(address, 'Ad', '--a', '1')
    expect([other.code, other.stderr]).to.deep.equal([
      1,
      'isock: the server lists no action "Ad": `isock ls` shows those that it has\n',
    ])
    for (const [args, message] of [
      [[], "missing required argument 'address'"],
      [[address], "missing required argument 'action'"],
      [[address, '--jsn'], "unknown option '--jsn'"],
      [['--jsn', address, 'Add'], "unknown option '--jsn'"],
    ] as const) {
      const { code, stderr } = await call(...args)
      expect([code, stderr.includes(message)], stderr).to.deep.equal([2, true])
    }
  })

  it('lists them after the help of the command', async () => {
    const { code, stdout } = await call(address, 'Add', '--help')
    expect(code).to.equal(0)
    expect(stdout).to.include('Usage: isock call [options] <address> <action> [json]')
    expect(stdout.slice(stdout.indexOf('\nFlags of'))).to.equal(
      `\nFlags of Add at ${address}:\n  Adds two numbers.\n\n  --a <number>  (required)\n  --b <number>  What is added. (default: 0)\n`,
    )
    expect((await call(address, 'echo', '-h')).stdout).to.include('none: its data is given as JSON')
    const away = await call('localhost:1', 'Add', '--help', '--retry', '0')
    expect([away.code, away.stdout.startsWith('Usage:')]).to.deep.equal([3, true])
  })
})
