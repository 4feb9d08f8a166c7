// Actions in threads: their values and errors, that others are served meanwhile, and how a thread ends.

import { expect } from 'chai'
import {
  Action,
  BusyError,
  CancelledError,
  type Client,
  ClientError,
  DeadlineError,
  type Logger,
  Server,
  ServerError,
  UnsendableError,
  ValidationError,
} from '../../lib/index.ts'
import { createHarness, type Harness } from '../../lib/testing/harness.ts'
import { threads } from '../../lib/threads.ts'
import { longDescribe, longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, itemsOf } from '../setup/world.ts'
import {
  Burn,
  Contract,
  CountThere,
  Deplete,
  Depleted,
  Die,
  EchoThere,
  EmitThere,
  Half,
  hidden,
  Implementation,
  LogThere,
  LookAround,
  Patient,
  Point,
  SlowToBegin,
  Unsendable,
  WhichThread,
  WithArguments,
  WordsThere,
  WrongWord,
} from './thread-actions.ts'

class EchoHere extends Action {
  override action(value: unknown): unknown {
    return value
  }
}

describe('Actions in threads', function () {
  this.timeout(120_000)

  let harness: Harness
  let client: Client
  const lines: Record<string, unknown>[] = []
  const thrown: unknown[] = []
  /** What `LogThere` logs. */
  const logged: unknown[] = []
  const noteAs =
    (level: string) =>
    (
      { action, of, fields }: { readonly action?: string; readonly of?: string; readonly fields?: string },
      message: string,
    ) => {
      if (action === 'LogThere') logged.push([level, of ?? fields, message])
    }
  const log: Logger = {
    debug: noteAs('debug'),
    info: noteAs('info'),
    warn: (fields, message) => {
      lines.push({ ...fields, message })
      noteAs('warn')(fields, message)
    },
    error: noteAs('error'),
  }

  const hasBegun = () =>
    waitFor(() => lines.some((line) => line['message'] === 'begun'), { timeoutMs: 20_000, what: 'a thread to begin' })

  const open = async (max: number, more: object = {}, link: 'memory' | 'tcp' = 'memory') => {
    harness = await createHarness({
      link,
      actions: [
        new EchoHere(),
        new EchoThere(),
        new WhichThread(),
        new Deplete(),
        new Half(),
        new Burn(),
        new Patient(),
        new CountThere(),
        new SlowToBegin(),
        new EmitThere(),
        new WordsThere(),
        new WrongWord(),
        new LookAround(),
        new LogThere(),
        new Die(),
        new Unsendable(),
        hidden(),
      ],
      server: { features: [threads({ max, ...more })], log, onError: (error) => void thrown.push(error) },
      client: { retry: 0, name: 'someone' },
    })
    client = harness.client
  }

  beforeEach(() => {
    lines.length = 0
    thrown.length = logged.length = 0
  })

  for (const link of ['memory', 'tcp'] as const) {
    const linkDescribe: typeof longDescribe = link === 'memory' ? describe : longDescribe
    linkDescribe(`over ${link}`, () => {
      before(() => open(1, {}, link))
      after(() => harness.close())

      longIt('take and give values of all kinds', async () => {
        const value = {
          at: new Date(0),
          map: new Map([['a', { b: 1n }]]),
          set: new Set([1]),
          bytes: new Uint8Array([1, 2]),
          floats: new Float64Array([1.5]),
          none: undefined,
          point: new Point(3),
        }
        expect(await client.runAction(EchoThere, value)).to.deep.equal(value)
        expect((await client.runAction(EchoThere, new Point(1))) as Point).to.be.instanceOf(Point)
        for (const plain of [undefined, null, 0, '', 'text', [1, 'a', null], { a: { b: [true] } }])
          expect(await client.runAction(EchoThere, plain)).to.deep.equal(plain)
      })

      longIt('take and give megabytes, and leave the caller its own', async () => {
        const bytes = new Uint8Array(1024 * 1024).map((_, i) => i % 251)
        const copy = bytes.slice()
        expect(await client.runAction(EchoThere, bytes)).to.deep.equal(copy)
        expect(bytes).to.deep.equal(copy)
        const [first] = (await client.runAction(EchoThere, [bytes, 1])) as [Uint8Array]
        expect(first).to.deep.equal(copy)
      })

      it('throw errors as their class', async () => {
        const error = await failureOf(client.runAction(Deplete, 3))
        expect(error).to.be.instanceOf(Depleted)
        expect(error['left']).to.equal(3)
        expect(error.stack).not.to.contain('thread-actions.ts')
        expect(thrown).to.have.length(1)
        expect((thrown[0] as Error).stack).to.contain('thread-actions.ts')
      })

      longIt('yield and emit items', async () => {
        const call = client.runAction(CountThere, 100)
        const items = await itemsOf(call)
        expect(items).to.have.length(100)
        expect(items[99]).to.deep.equal({ i: 100, at: new Date(100) })
        expect(await call).to.equal('counted')
        expect(await itemsOf(client.runAction(EmitThere, [1, 'two', new Date(3)]))).to.deep.equal([
          1,
          'two',
          new Date(3),
        ])
      })

      it('yield and emit items as their schema gives them back, in order', async () => {
        const call = client.runAction(WordsThere, ['one', 'bad', ' seventeen', 'four'])
        expect(await itemsOf(call)).to.deep.equal(['one', 'seventeen', 'four', 'last'])
        expect(await call).to.equal(4)
        const wrong = await failureOf(client.runAction(WrongWord))
        expect(wrong).to.be.instanceOf(ValidationError).and.include({ code: 'INVALID_OUTPUT' })
      })
    })
  }

  describe('with one thread', () => {
    before(() => open(1, { maxQueue: 1 }))
    after(() => harness.close())

    it('run in a thread that is not the server’s', async () => {
      expect(await client.runAction(WhichThread)).to.be.above(0)
    })

    longIt('check input and output by their schemas; input that is wrong has not started', async () => {
      expect(await client.runAction(Half, 4)).to.equal(2)
      const input = await failureOf(client.runAction(Half, 'four' as never))
      expect(input).to.be.instanceOf(ValidationError)
      expect(input).to.include({ code: 'INVALID_INPUT', notStarted: true })
      const output = await failureOf(client.runAction(Half, 3))
      expect(output).to.be.instanceOf(ValidationError)
      expect(output).to.include({ code: 'INVALID_OUTPUT', notStarted: false })
    })

    it('say what is wrong with a result that cannot travel', async () => {
      const error = await failureOf(client.runAction(Unsendable))
      expect(error).to.be.instanceOf(UnsendableError)
      expect(error.message).to.contain('result.callback')
    })

    longIt('refuse a stream as input', async () => {
      const source = (async function* () {
        yield 1
      })()
      const error = await failureOf(client.runAction(EchoThere, source))
      expect(error).to.include({ code: 'BAD_REQUEST', notStarted: true })
      expect(error.message).to.equal('threaded action "EchoThere" takes no stream as input; send the data as a value')
    })

    it('see their call; what is out of reach says so', async () => {
      const seen = (await client.runAction(LookAround, undefined, { timeoutMs: 20_000 })) as Record<string, unknown>
      expect(seen['session']).to.equal(client.sessionId)
      expect(seen['attempt']).to.equal(1)
      expect(seen['name']).to.equal('someone')
      expect(seen['remainingMs']).to.be.within(1, 20_000)
      expect(seen['deadline']).to.be.instanceOf(Date)
      for (const name of ['server', 'publish', 'client'])
        expect(seen[name]).to.contain(`context.${name} is out of reach in a thread`)
      for (const name of ['state', 'peer', 'isConnected'])
        expect(seen[name]).to.contain(`context.session.${name} is out of reach in a thread`)
    })

    it('are told when they are cancelled, and may end by themselves; their log is the server’s', async () => {
      const before = await client.runAction(WhichThread)
      const call = client.runAction(Patient)
      await hasBegun()
      call.cancel()
      expect(await failureOf(call)).to.be.instanceOf(CancelledError)
      const line = await waitFor(() => lines.find(({ message }) => message === 'told to end'), { what: 'the log line' })
      expect(line).to.include({ reason: 'CancelledError', action: 'Patient' })
      expect(await client.runAction(WhichThread), 'the same thread').to.equal(before)
    })

    it('log at the level that they choose, also what cannot be sent', async () => {
      await client.runAction(LogThere)
      expect(logged).to.deep.equal([
        ...['debug', 'info', 'warn', 'error'].map((level) => [level, level, `a line of ${level}`]),
        ['info', '[object Object]', 'a line with a function'],
      ])
    })

    for (const how of ['busy', 'waiting'] as const) {
      longIt(`are dropped when they are cancelled before they begin, and their thread goes on: ${how}`, async () => {
        const before = await client.runAction(WhichThread)
        const call = client.runAction(SlowToBegin, how)
        await client.runAction(EchoHere, 1)
        call.cancel()
        expect(await failureOf(call)).to.be.instanceOf(CancelledError)
        expect(await client.runAction(WhichThread), 'the same thread').to.equal(before)
        expect(lines).to.deep.equal([])
      })
    }

    longIt('keep their threads however many calls are cancelled at once', async () => {
      const before = await client.runAction(WhichThread)
      for (let i = 0; i < 50; i++) {
        const call = client.runAction(EchoThere, i)
        await client.runAction(EchoHere, 1)
        call.cancel()
        await call.outcome()
      }
      expect(await client.runAction(WhichThread), 'the same thread').to.equal(before)
    })

    longIt('end with their thread when they do not: cancelled', async () => {
      const before = await client.runAction(WhichThread)
      const call = client.runAction(Burn, 60_000)
      await hasBegun()
      call.cancel()
      const startedAt = performance.now()
      expect(await failureOf(call)).to.be.instanceOf(CancelledError)
      const after = await client.runAction(WhichThread)
      expect(after).to.be.above(before)
      expect(performance.now() - startedAt).to.be.below(30_000)
    })

    longIt('end with their thread when they do not: late', async () => {
      await client.runAction(WhichThread)
      const startedAt = performance.now()
      expect(await failureOf(client.runAction(Burn, 60_000, { timeoutMs: 200 }))).to.be.instanceOf(DeadlineError)
      await client.runAction(WhichThread)
      expect(performance.now() - startedAt).to.be.below(30_000)
    })

    longIt('wait for a thread as many as may, and no more', async () => {
      const running = client.runAction(Burn, 60_000)
      await hasBegun()
      const waiting = client.runAction(WhichThread)
      await client.runAction(EchoHere, 1)
      const error = await failureOf(client.runAction(WhichThread))
      expect(error).to.be.instanceOf(BusyError)
      expect(error['notStarted']).to.equal(true)
      expect(error.message).to.equal('the threads: 1 calls are waiting already; try again later')
      running.cancel()
      await failureOf(running)
      expect(await waiting, 'the one that waited gets a new thread').to.be.above(0)
    })

    longIt('leave the line when they are cancelled', async () => {
      const running = client.runAction(Burn, 60_000)
      await hasBegun()
      const waiting = client.runAction(WhichThread)
      await client.runAction(EchoHere, 1)
      waiting.cancel()
      await failureOf(waiting)
      const next = client.runAction(WhichThread)
      running.cancel()
      await failureOf(running)
      expect(await next).to.be.above(0)
    })

    for (const [how, message] of [
      ['exit', 'worker exited with code: 3'],
      ['uncaught', 'nobody catches this'],
    ] as const) {
      longIt(`fail alone when their thread dies: ${how}`, async () => {
        const error = await failureOf(client.runAction(Die, how))
        expect(error).to.be.instanceOf(ServerError)
        expect(error).to.include({ code: 'WORKER_FAILED', notStarted: false })
        expect(error.message).to.equal(`action "Die": its thread ended before it did (${message})`)
        expect(await client.runAction(WhichThread)).to.be.above(0)
      })
    }

    longIt('that their module does not export say so', async () => {
      const error = await failureOf(client.runAction('Hidden'))
      expect(error).to.include({ code: 'INVALID_ACTION', notStarted: true })
      expect(error.message).to.contain('thread-actions.ts exports no action class "Hidden"; export it there')
    })

    longIt('end with the server: those that run are told after the grace', async () => {
      const failure = failureOf(client.runAction(Burn, 60_000))
      await hasBegun()
      const startedAt = performance.now()
      await harness.server.shutdown({ graceMs: 100 })
      expect(performance.now() - startedAt).to.be.below(5_000)
      await failure
    })
  })

  describe('with two threads', () => {
    before(() => open(2))
    after(() => harness.close())

    longIt('run beside each other', async () => {
      const ids = await Promise.all([client.runAction(Burn, 300), client.runAction(Burn, 300)])
      expect(ids).to.deep.equal(['burnt', 'burnt'])
    })
  })

  describe('with a client that does not read what they yield', () => {
    before(() => open(2, { maxStallMs: 50 }))
    after(() => harness.close())

    longIt('keep their threads no longer than they may when others wait', async () => {
      const unread = [1, 2].map(() => client.runAction(CountThere, 100_000))
      const readers = unread.map((call) => call[Symbol.asyncIterator]())
      for (const { done } of await Promise.all(readers.map((reader) => reader.next()))) expect(done).to.equal(false)
      const other = await harness.connect({ name: 'another' })
      expect(await other.runAction(WhichThread)).to.be.above(0)
      const ends = await Promise.race(
        readers.map(async (reader) => {
          for (;;) if ((await reader.next()).done) return 'done'
        }),
      ).catch((error) => error)
      expect(ends).to.be.instanceOf(BusyError)
      expect(ends).to.have.property('notStarted', false)
      expect(ends.message).to.equal(
        'action "CountThere": its reader is too slow, and others wait for its thread; read faster, or raise threads.maxStallMs',
      )
      for (const call of unread) call.cancel()
    })
  })

  describe('leave the server free', () => {
    before(() => open(1))
    after(() => harness.close())

    longIt('to answer others within 20 ms while one burns a processor for seconds', async function () {
      this.retries(2)
      await client.runAction(WhichThread)
      const burnMs = 2_000
      const burning = client.runAction(Burn, burnMs)
      const took: number[] = []
      let isBurning = true
      burning.then(() => {
        isBurning = false
      })
      while (isBurning) {
        const startedAt = performance.now()
        await client.runAction(EchoHere, took.length)
        took.push(performance.now() - startedAt)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const quick = took.filter((ms) => ms < 20).length
      expect(took.length, 'pings').to.be.above(100)
      expect(quick / took.length, 'share of pings below 20 ms').to.be.above(0.95)
      const slowest = took.reduce((most, ms) => Math.max(most, ms), 0)
      expect(slowest, 'the slowest').to.be.below(burnMs / 4)
    })
  })

  describe('are registered', () => {
    const server = (): Server => new Server({ port: 0, features: [threads()] })
    before(() => open(1))
    after(() => harness.close())

    longIt('with a contract and its implementation', async () => {
      harness.server.addAction(Contract, new Implementation())
      expect(await client.runAction(Contract, 1)).to.equal(2)
      expect(await failureOf(client.runAction(Contract, 'one' as never))).to.be.instanceOf(ValidationError)
    })

    it('not by a server without threads, which says what to write', () => {
      expect(() => new Server({ port: 0 }).addAction(new EchoThere())).to.throw(
        ServerError,
        `action "EchoThere" with static threaded needs the feature threads: create the server with { features: [threads()] }, with threads from 'isock/threads'`,
      )
    })

    longIt('not when a thread could not make them', () => {
      expect(() => server().addAction(new WithArguments('t'))).to.throw(ServerError, 'takes constructor arguments')
      expect(() => server().addAction(Contract, (n) => n)).to.throw(ServerError, 'is implemented by a function')
      class Elsewhere extends Action<number, number> {
        override action(value: number): number {
          return value
        }
      }
      expect(() => server().addAction(Contract, new Elsewhere() as never)).to.throw(
        ServerError,
        'must extend the contract',
      )
    })

    it('not when their module is not known', () => {
      for (const threaded of [true, 'thread-actions.ts', 'https://example.org/a.js', 1, {}]) {
        const Wrong = class Wrong extends EchoHere {}
        Object.assign(Wrong, { threaded })
        expect(() => server().addAction(new Wrong())).to.throw(
          ServerError,
          'static threaded must be the URL of the module',
        )
      }
    })

    it('with options that are checked', () => {
      for (const [options, name] of [
        [{ max: 0 }, 'threads.max'],
        [{ max: 1.5 }, 'threads.max'],
        [{ idleTimeoutMs: 0 }, 'threads.idleTimeoutMs'],
        [{ maxQueue: -1 }, 'threads.maxQueue'],
        [{ maxStallMs: 0 }, 'threads.maxStallMs'],
      ] as const) {
        expect(() => new Server({ port: 0, features: [threads(options)] })).to.throw(ClientError, `option ${name}`)
      }
    })
  })
})
