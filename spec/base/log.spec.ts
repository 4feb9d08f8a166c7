import { expect } from 'chai'
import {
  boundedErrors,
  consoleLogger,
  type Logger,
  mostErrors,
  mostWarnings,
  onceEach,
  silentLogger,
  windowMs,
  withFields,
} from '../../lib/core/base/log.ts'
import { printedBy } from '../setup/printed.ts'

/** A logger that writes down what it is given, and of which weight. */
function written(): { readonly log: Logger; readonly lines: [string, object, string][] } {
  const lines: [string, object, string][] = []
  const as =
    (weight: string) =>
    (fields: object, message: string): void =>
      void lines.push([weight, fields, message])
  return { log: { debug: as('debug'), info: as('info'), warn: as('warn'), error: as('error') }, lines }
}

describe('a bounded log', () => {
  it('lets pass what is no error, with its fields', () => {
    const { log, lines } = written()
    const bounded = boundedErrors(log, () => 0)
    for (const weight of ['debug', 'info', 'warn', 'error'] as const) bounded[weight]({ weight }, weight)
    expect(lines).to.deep.equal(['debug', 'info', 'warn', 'error'].map((weight) => [weight, { weight }, weight]))
  })

  it('says so only where something was left out, and how much', () => {
    const { log, lines } = written()
    let now = 5
    const bounded = boundedErrors(log, () => now)
    const windowOf = (errors: number): unknown[] => {
      const before = lines.length
      for (let i = 0; i < errors; i++) bounded.error({ i }, 'e')
      now += windowMs
      return lines.slice(before)
    }
    const plain = Array.from({ length: mostErrors }, (_, i) => ['error', { i }, 'e'])
    const hint = ['error', {}, '20 errors within 10 s: further ones are counted, and logged as debug']
    expect(windowOf(mostErrors - 1)).to.deep.equal(plain.slice(0, -1))
    expect(windowOf(mostErrors)).to.deep.equal([...plain, hint])
    expect(windowOf(mostErrors + 1)).to.deep.equal([...plain, hint, ['debug', { i: mostErrors }, 'e']])
    expect(windowOf(1)[0]).to.deep.equal(['error', { dropped: 1 }, '1 more errors were logged as debug'])
    expect(windowOf(1)).to.deep.equal(plain.slice(0, 1))
  })

  it('begins the next window when this one is over, and no earlier', () => {
    const { log, lines } = written()
    let now = 5
    const bounded = boundedErrors(log, () => now)
    for (let i = 0; i <= mostErrors; i++) bounded.error({}, 'e')
    now += windowMs - 1
    bounded.error({}, 'within')
    expect(lines.at(-1)).to.deep.equal(['debug', {}, 'within'])
    now += 1
    bounded.error({}, 'after')
    expect(lines.at(-1)).to.deep.equal(['error', {}, 'after'])
  })

  it('says that it stops, counts what it leaves out, and begins anew with the next window', () => {
    const errors: string[] = []
    const debugged: string[] = []
    const log = {
      ...silentLogger,
      error: (_fields: object, message: string) => void errors.push(message),
      debug: (_fields: object, message: string) => void debugged.push(message),
    }
    let now = 5
    const bounded = boundedErrors(log, () => now)
    for (let i = 0; i < mostErrors + 3; i++) bounded.error({}, `e${i}`)
    expect(errors).to.have.lengthOf(mostErrors + 1)
    expect(errors.at(-1)).to.contain('further ones are counted')
    expect(debugged).to.deep.equal([`e${mostErrors}`, `e${mostErrors + 1}`, `e${mostErrors + 2}`])
    now += windowMs
    bounded.error({}, 'later')
    expect(errors.slice(-2)).to.deep.equal(['3 more errors were logged as debug', 'later'])
  })
})

describe('the log of those who give none', () => {
  it('shows control characters in what peers have to say, the stack included', async () => {
    const log = consoleLogger(() => 0)
    const printed = await printedBy(async () => {
      log.error({ error: new Error('said \u001b[2J\u202e') }, 'action "\u009b2J" failed')
    })
    expect(printed.join('\n')).to.match(/^isock: action "\\x9b2J" failed\nError: said \\x1b\[2J\\u202e\n {4}at /)
  })

  it('hands what was thrown to who reports errors, and prints what has none', async () => {
    const reported: unknown[] = []
    const log = consoleLogger(
      () => 0,
      (error) => void reported.push(error),
    )
    const printed = await printedBy(async () => {
      for (let i = 0; i <= mostErrors; i++) log.error({ error: i }, 'a handler failed')
    })
    expect(reported).to.deep.equal(Array.from({ length: mostErrors }, (_, i) => i))
    expect(printed).to.have.lengthOf(1)
    expect(printed[0]).to.contain('further ones are counted')
  })

  it('prints each warning once, says when it stops, and prints nothing of less weight', async () => {
    const log = consoleLogger(() => 0)
    const printed = await printedBy(async () => {
      log.debug({}, 'd')
      log.info({}, 'i')
      for (let i = 0; i < 3 * mostWarnings; i++) log.warn({}, `w${i >> 1}`)
    })
    expect(printed).to.have.lengthOf(mostWarnings + 1)
    expect(printed.slice(0, 2)).to.deep.equal(['isock: w0', 'isock: w1'])
    expect(printed.at(-1)).to.contain('no more are printed')
  })
})

describe('a log of each message once', () => {
  it('takes so many different ones, with their fields', () => {
    const { log, lines } = written()
    const warn = onceEach(log.warn, 2)
    for (const message of ['a', 'a', 'b', 'b', 'c', 'a']) warn({ message }, message)
    expect(lines).to.deep.equal([
      ['warn', { message: 'a' }, 'a'],
      ['warn', { message: 'b' }, 'b'],
      ['warn', {}, '2 different warnings: no more are printed; set the option "log" to see all'],
    ])
  })
})

describe('a log with fields of its own', () => {
  it('adds them to each line, under those of the line', () => {
    const { log, lines } = written()
    const more = withFields(log, { server: 's', part: 'all' })
    for (const weight of ['debug', 'info', 'warn', 'error'] as const) more[weight]({ part: weight }, weight)
    expect(lines).to.deep.equal(
      ['debug', 'info', 'warn', 'error'].map((weight) => [weight, { server: 's', part: weight }, weight]),
    )
  })

  it('takes a text alone as the message', () => {
    const { log, lines } = written()
    withFields(log, { server: 's' }).info('a text alone' as never, undefined as never)
    expect(lines).to.deep.equal([['info', { server: 's' }, 'a text alone']])
  })

  it('is nothing where nothing is logged', () => {
    expect(withFields(silentLogger, { server: 's' })).to.equal(silentLogger)
  })
})

describe('an error in the log of those who give none', () => {
  async function printed(fields: object): Promise<string> {
    const lines = await printedBy(async () => consoleLogger(() => 0).error(fields, 'it failed'))
    expect(lines).to.have.lengthOf(1)
    return lines[0] as string
  }
  /** An error with this stack. */
  const error = (
    stack: string | undefined,
    cause?: unknown,
    Class: new (...given: ConstructorParameters<typeof Error>) => Error = Error,
  ): Error => Object.assign(new Class('m', cause === undefined ? undefined : { cause }), { stack })

  it('is one line where nothing is known of it', async () => {
    expect(await printed({ other: 1 })).to.equal('isock: it failed')
  })

  it('has its id and its stack', async () => {
    expect(await printed({ errorId: 'abc-1' })).to.equal('isock: it failed (error abc-1)')
    expect(await printed({ errorId: 'abc-1', error: error('E: m\n    at x') })).to.equal(
      'isock: it failed (error abc-1)\nE: m\n    at x',
    )
    expect(await printed({ error: error(undefined) })).to.equal('isock: it failed\nError: m')
  })

  it('is printed as it is where it is none', async () => {
    expect(await printed({ error: 'a text' })).to.equal('isock: it failed\na text')
    expect(await printed({ error: null })).to.equal('isock: it failed\nnull')
  })

  it('has the name of its class where its stack begins with that of Error', async () => {
    class Unnamed extends Error {}
    const Nameless = Object.defineProperty(class extends Error {}, 'name', { value: '' })
    const classless = Object.assign(error('Error: m'), { constructor: undefined })
    expect(await printed({ error: error('Error: m', undefined, Unnamed) })).to.equal('isock: it failed\nUnnamed: m')
    expect(await printed({ error: error('Error\n  at x', undefined, Unnamed) })).to.contain('Unnamed\n')
    expect(await printed({ error: error('Errors: m', undefined, Unnamed) })).to.contain('Errors: m')
    expect(await printed({ error: error('Error: m', undefined, Nameless) })).to.contain('\nError: m')
    expect(await printed({ error: classless })).to.contain('\nError: m')
  })

  it('has its causes, five errors in all', async () => {
    let last: Error = error('E0')
    for (let i = 1; i < 7; i++) last = error(`E${i}`, last)
    expect(await printed({ error: last })).to.equal(
      `isock: it failed\n${['E6', 'E5', 'E4', 'E3', 'E2'].join('\ncaused by: ')}`,
    )
    expect(await printed({ error: error('E1', 'a text') })).to.equal('isock: it failed\nE1\ncaused by: a text')
  })
})
