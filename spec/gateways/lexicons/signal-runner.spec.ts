// The signals of one message by themselves: what runs, in which order it is answered, and what an error says.
import { expect } from 'chai'
import { ServerError } from '../../../lib/core/base/errors.ts'
import { Channel } from '../../../lib/features/channels/channel.ts'
import type { BatchEntry } from '../../../lib/gateways/lexicons/entry-batch.ts'
import type { Publication } from '../../../lib/gateways/lexicons/signal-list.ts'
import { errorText, SignalRunner, type SignalRunnerOptions } from '../../../lib/gateways/lexicons/signal-runner.ts'
import { settle, VirtualClock } from '../../setup/virtual-clock.ts'

class News extends Channel<string> {}

type Handler = (data: unknown, call: { readonly id: number }) => unknown

/** A runner whose actions are functions, and what it has done. */
class World {
  readonly clock = new VirtualClock()
  readonly signals: object[] = []
  readonly failed: unknown[] = []
  readonly ran: unknown[] = []
  readonly rooms: unknown[] = []
  readonly published: string[] = []
  arriving: readonly BatchEntry[] = []
  arrivals = 0
  readonly runner: SignalRunner
  #calls = 0

  constructor(actions: Readonly<Record<string, Handler>> = {}, options: object = {}) {
    const client = {
      runAction: (name: string, data: unknown, { timeoutMs }: { timeoutMs: number }) => {
        this.ran.push([name, data, timeoutMs])
        const call = { id: ++this.#calls }
        // It runs once its caller knows the call.
        return Object.assign(
          Promise.resolve().then(() => actions[name]?.(data, call)),
          call,
        )
      },
      publicError: (error: unknown) => error,
    }
    const memberships = {
      join: async (...given: unknown[]) => void this.rooms.push(['join', ...given]),
      leave: (...given: unknown[]) => void this.rooms.push(['leave', ...given]),
    }
    this.runner = new SignalRunner({
      client,
      memberships,
      clock: this.clock,
      options: {
        maxSignals: 3,
        maxQueuedBytes: 100,
        timeoutMs: 1_000,
        replies: 'asked',
        subscribeAction: 'Subscribe',
        unsubscribeAction: 'Unsubscribe',
        channels: new Map([['News', News]]),
        input: undefined,
        ...options,
      },
      arriving: async () => {
        this.arrivals++
        return this.arriving
      },
      limits: { maxDepth: 100, maxNodes: 1_000 },
      onSignal: (signal: object) => void this.signals.push(signal),
      onFailed: (error: unknown) => void this.failed.push(error),
    } as unknown as SignalRunnerOptions)
  }

  run(...signals: readonly object[]): Promise<readonly object[]> {
    return this.runner.run(JSON.stringify(signals.length === 1 ? signals[0] : signals))
  }

  publication(name: string, publish: () => Promise<void> = async () => undefined): () => Publication {
    return () => ({
      room: `room of ${name}`,
      name,
      length: 10,
      publish: () => {
        this.published.push(name)
        return publish()
      },
    })
  }
}

/** Answers its call with `value`. */
function replying(value: (data: unknown) => unknown): [World, Record<string, Handler>] {
  const actions: Record<string, Handler> = {}
  const world = new World(actions)
  actions['Echo'] = (data, { id }) => {
    world.runner.markReply(id)
    return value(data)
  }
  return [world, actions]
}

const errorsOf = (answer: readonly object[]): unknown => (answer.at(-1) as { readonly Errors?: unknown }).Errors

describe('A single signal', () => {
  it('runs its action with its data and the time limit, and is told', async () => {
    const world = new World({ Do: () => 1 })
    expect(await world.run({ Do: { a: 1 } })).to.deep.equal([])
    expect(world.ran).to.deep.equal([['Do', { a: 1 }, 1_000]])
    expect(world.signals).to.deep.equal([{ Do: { a: 1 } }])
    expect([world.failed, world.arrivals]).to.deep.equal([[], 0])
  })

  it('is answered if its own call was marked, or if all are', async () => {
    const [world] = replying((data) => data)
    expect(await world.run({ Echo: { a: 1 } })).to.deep.equal([{ Echo: { a: 1 } }])
    const other = new World({ Do: (_data, { id }) => other.runner.markReply(id + 1) })
    expect(await other.run({ Do: {} })).to.deep.equal([])
    expect(await other.run({ Do: {} }), 'a mark of an earlier signal').to.deep.equal([])
    expect(await new World({ Do: () => 7 }, { replies: 'all' }).run({ Do: {} })).to.deep.equal([{ Do: 7 }])
  })

  it('gets what its input is turned into', async () => {
    const world = new World({}, { input: (data: object, name: string) => ({ ...data, name }) })
    await world.run({ Do: { a: 1 } })
    expect(world.ran).to.deep.equal([['Do', { a: 1, name: 'Do' }, 1_000]])
    expect(world.signals).to.deep.equal([{ Do: { a: 1 } }])
  })

  it('publishes immediately', async () => {
    const kept: boolean[] = []
    const world: World = new World({
      Do: (_data, { id }) => kept.push(world.runner.publishLater(id, world.publication('A'))),
    })
    await world.run({ Do: {} })
    expect([kept, world.published]).to.deep.equal([[false], []])
  })

  it('is answered however large its reply is', async () => {
    const [world] = replying(() => 'x'.repeat(500))
    expect(await world.run({ Echo: {} })).to.deep.equal([{ Echo: 'x'.repeat(500) }])
  })

  it('is answered with the error of its action, which is told', async () => {
    const error = new Error('no')
    const world = new World({ Do: () => Promise.reject(error) })
    expect(await world.run({ Do: {} })).to.deep.equal([{ Errors: ['no'] }])
    expect(world.failed).to.deep.equal([error])
  })

  it('runs no built-in action', async () => {
    const world = new World()
    expect(await world.run({ 'isock.list': {} })).to.deep.equal([{ Errors: ['unknown action "isock.list"'] }])
    expect(world.ran).to.deep.equal([])
    expect(world.failed[0]).to.be.instanceOf(ServerError).and.include({ code: 'UNKNOWN_ACTION' })
  })
})

describe('A message that is none', () => {
  it('is answered with what is wrong', async () => {
    const world = new World()
    expect(await world.runner.run(undefined)).to.deep.equal([{ Errors: ['the message is not UTF-8 text'] }])
    expect(world.failed[0]).to.include({ code: 'BAD_REQUEST', notStarted: true })
    expect(errorsOf(await world.runner.run('7'))).to.deep.equal([
      'the message is not a signal: expected {"Name": {...}} or a list of such objects',
    ])
    expect(errorsOf(await world.run({ A: {} }, { A: {} }, { A: {} }, { A: {} }))).to.deep.equal([
      'the message has 4 signals; send at most 3 in one message',
    ])
    expect(world.ran).to.deep.equal([])
  })
})

describe('A list of signals', () => {
  it('runs one after the other, and is answered in their order, then with the errors', async () => {
    const [world, actions] = replying((data) => data)
    actions['Fail'] = () => Promise.reject(new Error('no'))
    expect(await world.run({ Echo: { a: 1 } }, { Fail: {} }, { Echo: { a: 2 } })).to.deep.equal([
      { Echo: { a: 1 } },
      { Echo: { a: 2 } },
      { Errors: ['no'] },
    ])
    expect(world.arrivals).to.equal(0)
  })

  it('starts no more once it is stopped', async () => {
    const world: World = new World({ Stop: () => world.runner.stop() })
    await world.run({ Stop: {} }, { Do: {} })
    expect(world.ran).to.deep.equal([['Stop', {}, 1_000]])
  })

  it('publishes what its signals published when the last has run, with what arrives in their order', async () => {
    const states: unknown[] = []
    const [world, actions] = replying((data) => data)
    for (const name of ['A', 'B'])
      actions[name] = (_data, { id }) =>
        states.push([world.runner.publishLater(id, world.publication(name)), [...world.published]])
    const entry = (name: string): BatchEntry => ({ entry: { [name]: 1 }, room: `room of ${name}`, text: '' })
    world.arriving = [entry('Other'), entry('B'), entry('A')]
    expect(await world.run({ A: {} }, { Echo: {} }, { B: {} })).to.deep.equal([
      { A: 1 },
      { Echo: {} },
      { B: 1 },
      { Other: 1 },
    ])
    expect(states).to.deep.equal([
      [true, []],
      [true, []],
    ])
    expect([world.published, world.arrivals]).to.deep.equal([['A', 'B'], 1])
  })

  it('publishes nothing of a failed signal, and keeps nothing of another call, or after its end', async () => {
    const kept: boolean[] = []
    const world: World = new World({
      Fail: (_data, { id }) => {
        kept.push(world.runner.publishLater(id, world.publication('A')))
        kept.push(world.runner.publishLater(id + 1, world.publication('B')))
        throw new Error('no')
      },
    })
    expect(await world.run({ Fail: {} }, { Do: {} })).to.deep.equal([{ Errors: ['no'] }])
    kept.push(world.runner.publishLater(2, world.publication('C')))
    expect([kept, world.published, world.arrivals]).to.deep.equal([[true, false, false], [], 0])
  })

  it('is answered with the errors of its publications', async () => {
    const world: World = new World({
      Do: (_data, { id }) =>
        world.runner.publishLater(
          id,
          world.publication('A', () => Promise.reject(new Error('no room'))),
        ),
    })
    expect(await world.run({ Do: {} }, { Other: {} })).to.deep.equal([{ Errors: ['no room'] }])
  })

  it('waits for its publications no longer than the time limit', async () => {
    const world: World = new World({
      Do: (_data, { id }) =>
        world.runner.publishLater(
          id,
          world.publication('A', () => new Promise(() => undefined)),
        ),
    })
    const answer = world.run({ Do: {} }, { Other: {} })
    await settle()
    await world.clock.advance(1_000)
    expect(await answer).to.deep.equal([{ Errors: ['a channel did not accept a message within 1000 ms'] }])
  })

  it('has room for replies up to its bound, but always for the first', async () => {
    const reply = (length: number): object => ({ Echo: 'x'.repeat(length - '{"Echo":""}'.length) })
    const [world] = replying((data) => 'x'.repeat((data as { n: number }).n - '{"Echo":""}'.length))
    const run = (...lengths: readonly number[]): Promise<readonly object[]> =>
      world.run(...lengths.map((n) => ({ Echo: { n } })))
    expect(await run(60, 40)).to.deep.equal([reply(60), reply(40)])
    const large =
      'Echo has run, but the replies to one message may have at most 100 bytes; send it in a message of its own'
    expect(await run(60, 41, 40)).to.deep.equal([reply(60), reply(40), { Errors: [large] }])
    expect(await run(500, 20)).to.deep.equal([reply(500), { Errors: [large] }])
    expect(world.failed[0]).to.include({ code: 'TOO_LARGE' })
  })
})

describe('The signals of channels', () => {
  it('join and leave a room, and are answered', async () => {
    const world = new World()
    const answers: unknown[] = []
    for (const data of [{}, { key: 'k' }, { key: 'k', since: 'oldest' }])
      answers.push(await world.run({ Subscribe: { channel: 'News', ...data } }))
    answers.push(await world.run({ Unsubscribe: { channel: 'News', key: 'k' } }))
    expect(world.rooms).to.deep.equal([
      ['join', News, {}],
      ['join', News, { key: 'k' }],
      ['join', News, { key: 'k', since: 'oldest' }],
      ['leave', News, { key: 'k' }],
    ])
    const inRoom = { channel: 'News', key: 'k' }
    expect(answers).to.deep.equal([
      [{ Subscribe: { channel: 'News' } }],
      [{ Subscribe: inRoom }],
      [{ Subscribe: inRoom }],
      [{ Unsubscribe: inRoom }],
    ])
  })

  it('are refused for a wrong channel, key or start', async () => {
    const world = new World()
    const cases: readonly (readonly [data: object, error: string, code: string])[] = [
      [{}, 'channel: expected the name of a channel', 'BAD_REQUEST'],
      [{ channel: 7 }, 'channel: expected the name of a channel', 'BAD_REQUEST'],
      [{ channel: 'x'.repeat(101) }, `unknown channel "${'x'.repeat(100)}"`, 'UNKNOWN_CHANNEL'],
      [{ channel: 'News', key: '' }, 'key: expected a non-empty string, or nothing', 'BAD_REQUEST'],
      [{ channel: 'News', key: 7 }, 'key: expected a non-empty string, or nothing', 'BAD_REQUEST'],
    ]
    for (const [data, error, code] of cases)
      for (const name of ['Subscribe', 'Unsubscribe']) {
        expect(await world.run({ [name]: data })).to.deep.equal([{ Errors: [error] }])
        expect(world.failed.pop()).to.include({ code })
      }
    expect(await world.run({ Subscribe: { channel: 'News', since: 'newest' } })).to.deep.equal([
      { Errors: ["since: expected 'oldest', or nothing"] },
    ])
    expect(world.rooms).to.deep.equal([])
  })

  it('are actions where their names are given away', async () => {
    const world = new World({}, { subscribeAction: false, unsubscribeAction: 'Leave' })
    await world.run({ Subscribe: {} })
    await world.run({ Unsubscribe: {} })
    await world.run({ Leave: { channel: 'News' } })
    expect(world.ran).to.deep.equal([
      ['Subscribe', {}, 1_000],
      ['Unsubscribe', {}, 1_000],
    ])
    expect(world.rooms).to.deep.equal([['leave', News, {}]])
  })
})

describe('The text of an error', () => {
  it('is its message, its name where there is none, or what was thrown', () => {
    expect([errorText(new Error('no')), errorText(new RangeError('')), errorText(7)]).to.deep.equal([
      'no',
      'RangeError',
      '7',
    ])
  })
})
