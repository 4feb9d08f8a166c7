// Small parts of the command line: what went wrong as an exit code, schemas in a few words, tables, and what a load amounts to.
import { createHistogram } from 'node:perf_hooks'
import { expect } from 'chai'
import { benchLine, benchText, progressText } from '../../lib/cli/bench-report.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { CommandFailure, debugText, exitCodeOf, messageOf, usageFailure } from '../../lib/cli/failure.ts'
import { Load } from '../../lib/cli/load.ts'
import { shortSchema } from '../../lib/cli/short-schema.ts'
import { table } from '../../lib/cli/table.ts'
import {
  AuthError,
  ClientError,
  DeadlineError,
  type ErrorCode,
  LinkError,
  OutcomeUnknownError,
  ProtocolError,
  ServerError,
} from '../../lib/core/base/errors.ts'
import { longIt } from '../setup/long.ts'

const clientError = (code: string): ClientError => new ClientError(code, { code: code as 'CLOSED' })

describe('The exit code of a failure', () => {
  const cases: readonly (readonly [
    error: unknown,
    connected: keyof typeof exitCodes,
    before: keyof typeof exitCodes,
  ])[] = [
    [usageFailure('no'), 'usage', 'usage'],
    [new CommandFailure('no', exitCodes.notLetIn), 'notLetIn', 'notLetIn'],
    [new OutcomeUnknownError('sent'), 'outcomeUnknown', 'outcomeUnknown'],
    [new DeadlineError('late'), 'outcomeUnknown', 'unreachable'],
    [new AuthError('no'), 'failed', 'notLetIn'],
    [new LinkError('cut'), 'unreachable', 'unreachable'],
    [new ProtocolError('odd'), 'unreachable', 'unreachable'],
    [clientError('UNREACHABLE'), 'unreachable', 'unreachable'],
    [clientError('NOT_RUNNING'), 'unreachable', 'unreachable'],
    [clientError('NO_RESPONSE'), 'failed', 'unreachable'],
    [clientError('INVALID_OPTION'), 'failed', 'usage'],
    [clientError('CLOSED'), 'failed', 'failed'],
    [new ServerError('no', { code: 'UNREACHABLE' as ErrorCode as never }), 'failed', 'failed'],
    [new Error('odd'), 'failed', 'failed'],
    ['thrown', 'failed', 'failed'],
  ]
  for (const [error, connected, before] of cases)
    it(`is that of ${connected}${before === connected ? '' : `, or before the server had let us in of ${before},`} for ${error}`, () => {
      expect(exitCodeOf(error, true)).to.equal(exitCodes[connected])
      expect(exitCodeOf(error, false)).to.equal(exitCodes[before])
    })
})

describe('What a failure says', () => {
  it('is its message, or that of what its user can mend', () => {
    const cause = new LinkError('nobody listens there')
    expect(messageOf(new ClientError('cannot connect', { code: 'UNREACHABLE', cause }))).to.equal(
      'nobody listens there',
    )
    expect(messageOf(new ClientError('cannot connect', { code: 'UNREACHABLE' }))).to.equal('cannot connect')
    expect(messageOf(new ClientError('closed', { code: 'CLOSED', cause }))).to.equal('closed')
    expect(messageOf(new Error('odd', { cause }))).to.equal('odd')
    expect(messageOf('thrown')).to.equal('thrown')
  })

  it('has its cause, where there is one', () => {
    const cause = new Error('why')
    expect(usageFailure('no', cause).cause).to.equal(cause)
    expect('cause' in usageFailure('no')).to.equal(false)
  })

  it('has a stack only where that is asked for', () => {
    const former = process.env['ISOCK_DEBUG']
    try {
      delete process.env['ISOCK_DEBUG']
      expect(debugText(new Error('odd'))).to.equal('')
      process.env['ISOCK_DEBUG'] = '1'
      expect(debugText(new Error('odd'))).to.match(/^Error: odd\n {4}at .*\n$/s)
      expect(debugText('thrown')).to.equal('')
    } finally {
      if (former === undefined) delete process.env['ISOCK_DEBUG']
      else process.env['ISOCK_DEBUG'] = former
    }
  })
})

describe('A schema in a few words', () => {
  const nested = (depth: number): object =>
    depth === 0 ? { type: 'string' } : { type: 'array', items: nested(depth - 1) }
  const cases: readonly (readonly [schema: unknown, words: string])[] = [
    [{ type: 'string' }, 'string'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{}, 'any'],
    [{ type: 7 }, 'any'],
    [{ const: null }, 'null'],
    [{ const: 'a', type: 'string' }, '"a"'],
    [{ enum: ['a', 1] }, '"a" | 1'],
    [{ anyOf: [{ type: 'string' }, { type: 'integer' }] }, 'string | integer'],
    [{ type: 'array' }, 'any[]'],
    [{ type: 'array', items: { type: 'string' } }, 'string[]'],
    [{ type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a'] }, '{ a: string, b?: any }'],
    [{ properties: { a: {} } }, '{ a?: any }'],
    [{ properties: { a: {} }, required: 'a' }, '{ a?: any }'],
    [{ properties: {} }, '{}'],
    [{ properties: null, type: 'object' }, 'object'],
    [{ $comment: 'a schema of acme' }, 'a schema of acme'],
    [undefined, '...'],
    [null, '...'],
    ['string', '...'],
    [nested(3), 'string[][][]'],
    [nested(4), '...[][][][]'],
    [{ anyOf: [{ anyOf: [{ anyOf: [{ anyOf: [{ type: 'string' }] }] }] }] }, '...'],
    [
      { properties: { a: { properties: { b: { properties: { c: { properties: { d: {} } } } } } } }, required: ['a'] },
      '{ a: { b?: { c?: { d?: ... } } } }',
    ],
    [{ anyOf: [{ anyOf: [{ anyOf: [{ type: 'string' }] }] }] }, 'string'],
    [{ const: 'x'.repeat(58) }, `"${'x'.repeat(58)}"`],
    [{ const: 'x'.repeat(59) }, `"${'x'.repeat(56)}...`],
  ]
  for (const [schema, words] of cases)
    it(`is ${words} of ${JSON.stringify(schema)?.slice(0, 80)}`, () => {
      expect(shortSchema(schema)).to.equal(words)
    })
})

describe('A table', () => {
  it('has columns as wide as their widest cells, and nothing behind the last one', () => {
    expect(table([['a', 'bcd', ''], ['efg', 'h', 'i'], ['j']])).to.equal('a    bcd\nefg  h    i\nj\n')
    expect(
      table([
        ['', 'a'],
        ['', 'b'],
      ]),
    ).to.equal('  a\n  b\n')
    expect(table([])).to.equal('')
  })

  it('keeps each row on its line', () => {
    expect(table([['a\nb', 'c \t d']])).to.equal('a b  c d\n')
  })
})

describe('A load', () => {
  /** Runs so many calls at one place, of which each does what the list says. */
  async function loadOf(...results: unknown[]): Promise<Load> {
    let next = 0
    const call = async (): Promise<void> => {
      const result = results[next++]
      if (result !== undefined) throw result
    }
    const load = new Load({ places: [call], calls: results.length, durationMs: undefined, rate: undefined })
    await load.run(new AbortController().signal)
    return load
  }

  it('counts what succeeded, and what failed by its code or name', async () => {
    const busy = new ServerError('no', { code: 'NOT_ALLOWED' })
    const coded = Object.assign(new Error('no'), { code: 7 })
    const load = await loadOf(
      undefined,
      busy,
      new ServerError('again', { code: 'NOT_ALLOWED' }),
      new RangeError('odd'),
      coded,
      'text',
    )
    expect(load.latenciesUs.count).to.equal(1)
    expect([...load.failures]).to.deep.equal([
      ['NOT_ALLOWED', 2],
      ['RangeError', 1],
      ['7', 1],
      ['thrown', 1],
    ])
    expect(load.failed).to.equal(5)
    expect(load.examples.get('NOT_ALLOWED'), 'the first one').to.equal(busy)
    expect(load.notStarted).to.equal(0)
  })

  it('starts no more calls than it is to, at all places together', async () => {
    let started = 0
    const call = async (): Promise<void> => void started++
    const load = new Load({ places: [call, call, call], calls: 10, durationMs: undefined, rate: undefined })
    await load.run(new AbortController().signal)
    expect([started, load.latenciesUs.count]).to.deep.equal([10, 10])
    const elapsedMs = load.elapsedMs
    await new Promise(setImmediate)
    expect(load.elapsedMs, 'it has ended').to.equal(elapsedMs)
  })

  describe('on a clock of its own', () => {
    const { now } = performance
    let nowMs: number

    beforeEach(() => {
      nowMs = 5_000
      performance.now = () => nowMs
    })

    afterEach(() => {
      performance.now = now
    })

    async function run(plan: { calls?: number; durationMs?: number; rate?: number }, callMs = 250): Promise<Load> {
      const call = async (): Promise<void> => {
        nowMs += callMs
      }
      const load = new Load({ calls: undefined, durationMs: undefined, rate: undefined, ...plan, places: [call] })
      await load.run(new AbortController().signal)
      return load
    }

    it('measures how long calls take, and how long it has run', async () => {
      const load = await run({ calls: 3 })
      expect(load.latenciesUs.min).to.equal(250_000)
      expect(load.latenciesUs.max).to.be.closeTo(250_000, 25)
      expect(load.elapsedMs).to.equal(750)
      nowMs += 1_000
      expect(load.elapsedMs).to.equal(750)
    })

    longIt('starts calls as long as there is time', async () => {
      expect((await run({ durationMs: 1_000 })).latenciesUs.count).to.equal(4)
      expect((await run({ durationMs: 1_001 })).latenciesUs.count).to.equal(5)
      expect((await run({ durationMs: 1_001, calls: 2 })).latenciesUs.count).to.equal(2)
    })

    longIt('measures from when a call was due where it has a rate, and knows how many found no place', async () => {
      const load = await run({ rate: 10, durationMs: 1_000 })
      expect(load.latenciesUs.count).to.equal(4)
      expect(load.latenciesUs.min).to.be.closeTo(250_000, 25)
      expect(load.latenciesUs.max).to.be.closeTo(700_000, 70)
      expect(load.notStarted).to.equal(6)
      expect((await run({ rate: 10, durationMs: 1_000, calls: 5 })).notStarted).to.equal(1)
      expect((await run({ rate: 10, durationMs: 1_000, calls: 4 })).notStarted).to.equal(0)
    })

    it('starts no call that is due when the time is over', async () => {
      const load = await run({ rate: 4, durationMs: 500 })
      expect([load.latenciesUs.count, load.notStarted]).to.deep.equal([2, 0])
      expect((await run({ rate: 1, durationMs: 1_000 }, 0)).latenciesUs.count, 'nor waits for it').to.equal(1)
    })
  })

  it('starts a call when it is due, and not before', async () => {
    const startedAtMs: number[] = []
    const call = async (): Promise<void> => void startedAtMs.push(performance.now())
    const load = new Load({ places: [call], calls: 3, durationMs: undefined, rate: 200 })
    const beginMs = performance.now()
    await load.run(new AbortController().signal)
    for (const [i, atMs] of startedAtMs.entries()) expect(atMs - beginMs).to.be.at.least(i * 5)
    expect(load.latenciesUs.count).to.equal(3)
  })

  it('ends when its signal aborts, and counts nothing that comes afterwards', async () => {
    let finish: () => void = () => undefined
    const call = (): Promise<void> =>
      new Promise((resolve) => {
        finish = resolve
      })
    const controller = new AbortController()
    const load = new Load({ places: [call], calls: undefined, durationMs: undefined, rate: undefined })
    const over = load.run(controller.signal)
    controller.abort()
    await over
    finish()
    await new Promise(setImmediate)
    expect(load.latenciesUs.count).to.equal(0)
  })
})

describe('The report of a load', () => {
  function report(
    more: object = {},
    latenciesMs: readonly number[] = [1, 1, 20],
  ): { progress: string; text: string; line: Record<string, unknown> } {
    const latenciesUs = createHistogram({ figures: 4 })
    for (const ms of latenciesMs) latenciesUs.record(Math.round(ms * 1_000))
    const failures = new Map([['BUSY', 1_234]])
    const examples = new Map([['BUSY', new Error('no room')]])
    const load = {
      latenciesUs,
      failures,
      examples,
      failed: 1_234,
      notStarted: 0,
      elapsedMs: 2_000,
      ...more,
    } as unknown as Load
    const asked = { address: 'tcp://a', action: 'Echo', inFlight: 1, links: 1, rate: undefined }
    return {
      progress: progressText(load),
      text: benchText(load),
      line: benchLine(load, asked) as Record<string, unknown>,
    }
  }

  it('tells how far it is', () => {
    expect(report().progress).to.match(/^2\.0 s {2}1237 calls {2}2 calls\/s {2}p99 [\d.]+ ms {2}1234 failed$/)
  })

  it('tells how fast it was, what failed, and how the times were spread', () => {
    const { text } = report()
    expect(text).to.match(
      /^3 calls in 2\.00 s: 2 calls\/s\np50 {2}1\.\d{3} ms\np90 {2}[12]\d\.\d ms\np99 {2}[12]\d\.\d ms\nmax {2}20\.0 ms\n\n/,
    )
    expect(text).to.include('1 234 failed with BUSY: no room\n')
    expect(text).to.not.include('could not start')
    const bars = [...text.matchAll(/ up to +[\d.]+ ms {2}(█*) *(\d+)$/gm)].map(([, bar, count]) => [
      bar?.length,
      Number(count),
    ])
    expect(bars.filter(([, count]) => (count as number) > 0)).to.deep.equal([
      [40, 2],
      [20, 1],
    ])
  })

  it('tells of calls that found no place', () => {
    expect(report({ notStarted: 1_000_000 }).text).to.include('1 000 000 were due, but could not start')
    expect(report({ notStarted: 1 }).text).to.include('1 were due')
  })

  it('has no times where nothing succeeded, and no rate where no time has passed', () => {
    const { text, line } = report({ elapsedMs: 0 }, [])
    expect(text).to.equal('0 calls in 0.00 s: 0 calls/s\n1 234 failed with BUSY: no room\n')
    expect(line['callsPerSecond']).to.equal(0)
    const times = ['minMs', 'meanMs', 'p50Ms', 'p90Ms', 'p99Ms', 'maxMs']
    expect(times.map((name) => line[name])).to.deep.equal(times.map(() => 0))
    expect(line['histogram']).to.deep.equal([])
  })

  it('draws bars at 1, 2, 5, 10 ... that hold every latency once', () => {
    expect(report({}, [0.9, 1, 1.5, 4, 4.5, 30]).line['histogram']).to.deep.equal([
      { upToMs: 1, count: 2 },
      { upToMs: 2, count: 1 },
      { upToMs: 5, count: 2 },
      { upToMs: 10, count: 0 },
      { upToMs: 20, count: 0 },
      { upToMs: 50, count: 1 },
    ])
  })

  it('finds percentiles of all magnitudes to 0.01 %', () => {
    for (const unit of [0.001, 0.1, 1, 60, 5_000]) {
      const { line } = report(
        {},
        Array.from({ length: 1_000 }, (_, i) => (i + 1) * unit),
      )
      const expected = { minMs: 1, meanMs: 500.5, p50Ms: 500, p90Ms: 900, p99Ms: 990, maxMs: 1_000 }
      for (const [name, ranked] of Object.entries(expected))
        expect(line[name], `${name} of ${unit}`).to.be.closeTo(ranked * unit, ranked * unit * 1e-4 + 0.001)
      const counts = (line['histogram'] as { count: number }[]).map(({ count }) => count)
      expect(counts.reduce((sum, count) => sum + count)).to.equal(1_000)
    }
  })

  it('is one object for programs', () => {
    const { line } = report({ elapsedMs: 2_000.1234 })
    expect(line).to.deep.include({
      address: 'tcp://a',
      action: 'Echo',
      elapsedMs: 2_000.123,
      calls: 1_237,
      failed: 1_234,
      errors: { BUSY: 1_234 },
      notStarted: 0,
      callsPerSecond: 1,
      minMs: 1,
      maxMs: 20,
    })
    expect(line['meanMs']).to.be.closeTo(22 / 3, 0.5)
    expect(line['p50Ms']).to.be.closeTo(1, 0.1)
    expect(line['p99Ms']).to.be.closeTo(20, 1)
  })
})
