// The features of a server, and where its errors go: who is told of what, in which order, and what a failure of one costs.
import { expect } from 'chai'
import { ActionError, ServerError } from '../../lib/core/base/errors.ts'
import { silentLogger } from '../../lib/core/base/log.ts'
import { ErrorHook } from '../../lib/core/server/error-hook.ts'
import type { ServerFeature } from '../../lib/core/server/feature.ts'
import { Features } from '../../lib/core/server/features.ts'
import type { ErrorOrigin, ServerOptions } from '../../lib/core/server/server-options.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

const session = { id: 'a session' } as ServerSession

describe('The features of a server', () => {
  let told: string[]
  let reported: unknown[]
  let clock: VirtualClock
  let features: Features

  const error = new Error('it failed')
  const fails = (): never => {
    throw error
  }
  const noting = (name: string): ServerFeature => ({
    onStart: () => void told.push(`${name} starts`),
    onListening: () => void told.push(`${name} listens`),
    onSessionChange: ({ id }, change) => void told.push(`${name}: ${id} ${change}`),
    onDrain: (graceMs) => void told.push(`${name} drains within ${graceMs}`),
    onDrained: () => void told.push(`${name} has drained`),
  })

  beforeEach(() => {
    told = []
    reported = []
    clock = new VirtualClock()
    features = new Features({ report: (why: unknown, origin: string) => reported.push([why, origin]) } as never, clock)
  })

  it('are told of everything in the order in which they were added', async () => {
    for (const name of ['a', 'b']) features.add(noting(name))
    await features.start()
    features.listening()
    features.sessionChanged(session, 'opened')
    await features.drain(500, async () => void told.push('sessions'))
    expect(told).to.deep.equal([
      ...['a starts', 'b starts', 'a listens', 'b listens', 'a: a session opened', 'b: a session opened'],
      ...['a drains within 500', 'b drains within 500', 'sessions', 'a has drained', 'b has drained'],
    ])
    expect(reported).to.deep.equal([])
  })

  it('list what they offer, but for one that throws, which is reported', () => {
    features.add({ listing: () => [{ kind: 'clock', name: 'a' }] })
    features.add({})
    features.add({ listing: fails })
    features.add({ listing: () => [{ kind: 'clock', name: 'b' }] })
    expect(features.listing().map(({ name }) => name)).to.deep.equal(['a', 'b'])
    expect(reported).to.deep.equal([[error, 'the listing of a feature']])
  })

  it('need be told of nothing', async () => {
    features.add({})
    await features.start()
    features.listening()
    features.sessionChanged(session, 'cut')
    await features.drain(500, async () => undefined)
    expect(reported).to.deep.equal([])
  })

  it('keep none of the others from hearing by what they throw, which is reported', async () => {
    features.add({ onListening: fails, onSessionChange: fails, onDrain: fails, onDrained: () => Promise.reject(error) })
    features.add(noting('b'))
    await features.start()
    features.listening()
    features.sessionChanged(session, 'ended')
    await features.drain(500, async () => undefined)
    expect(told).to.deep.equal([
      ...['b starts', 'b listens', 'b: a session ended', 'b drains within 500', 'b has drained'],
    ])
    expect(reported).to.deep.equal([
      [error, 'a feature'],
      [error, 'a feature'],
      [error, 'the end of a feature'],
      [error, 'the end of a feature'],
    ])
  })

  it('start one after the other, and not at all after one that cannot', async () => {
    let started = (): void => undefined
    features.add({ onStart: () => new Promise<void>((resolve) => (started = resolve)) })
    features.add(noting('b'))
    features.add({ onStart: fails })
    features.add(noting('d'))
    const starting = failureOf(features.start())
    await settle()
    expect(told).to.deep.equal([])
    started()
    expect(await starting).to.equal(error)
    expect(told).to.deep.equal(['b starts'])
  })

  it('start no more once the drain has begun, which waits for the one that is starting', async () => {
    let started = (): void => undefined
    features.add({ onStart: () => new Promise<void>((resolve) => (started = resolve)) })
    features.add(noting('b'))
    void features.start()
    const draining = features.drain(500, async () => undefined)
    await settle()
    expect(told).to.deep.equal(['b drains within 500'])
    started()
    await draining
    expect(told).to.deep.equal(['b drains within 500', 'b has drained'])
    expect(clock.pendingCount).to.equal(0)
  })

  it('are waited for no longer than the grace where one never starts', async () => {
    features.add({ onStart: () => new Promise<void>(() => undefined), onDrained: () => void told.push('drained') })
    void features.start()
    const draining = features.drain(500, async () => undefined)
    await clock.advance(499)
    expect(told).to.deep.equal([])
    await clock.advance(1)
    await draining
    expect(told).to.deep.equal(['drained'])
  })

  it('have drained when each has let go of what it needed', async () => {
    let letGo = (): void => undefined
    features.add({ onDrained: () => new Promise<void>((resolve) => (letGo = resolve)) })
    const draining = features.drain(500, async () => undefined).then(() => told.push('over'))
    await settle()
    expect(told).to.deep.equal([])
    letGo()
    await draining
    expect(told).to.deep.equal(['over'])
  })

  it('are told that all is drained when the sessions are, and not before', async () => {
    features.add(noting('a'))
    let over = (): void => undefined
    const draining = features.drain(500, () => new Promise<void>((resolve) => (over = resolve)))
    await settle()
    expect(told).to.deep.equal(['a drains within 500'])
    over()
    await draining
    expect(told.at(-1)).to.equal('a has drained')
  })
})

describe('The errors of a server', () => {
  const error = new TypeError('it failed')

  function hooked(onError: ServerOptions['onError'], log = true) {
    const logged: [object, string][] = []
    const logger = { ...silentLogger, error: (fields: object, message: string) => void logged.push([fields, message]) }
    const given = { ...(log ? { log: logger } : {}), ...(onError === undefined ? {} : { onError }) }
    const hook = new ErrorHook({ log: logger, clock: new VirtualClock(), classes: new ClassRegistry(), given })
    return { hook, logged }
  }

  it('go to the log and to onError, with where they happened', () => {
    const told: [unknown, ErrorOrigin][] = []
    const { hook, logged } = hooked((...given) => void told.push(given))
    hook.report(error, 'task "x"')
    const other = new TypeError('another')
    hook.thrown(other, 'pay', { id: '0123456789' } as never, 7)
    expect(told).to.deep.equal([
      [error, { origin: 'task "x"' }],
      [other, { action: 'pay', session: { id: '0123456789' }, errorId: '01234567-7' }],
    ])
    expect(logged[0]).to.deep.equal([{ error, origin: 'task "x"' }, 'task "x" failed'])
    const where = { action: 'pay', session: '0123456789', errorId: '01234567-7' }
    expect(logged[1]?.[0]).to.deep.equal({ ...where, error: other })
    expect(logged).to.have.lengthOf(2)
  })

  it('need no onError', () => {
    const { hook, logged } = hooked(undefined)
    hook.report(error, 'it')
    expect(logged).to.have.lengthOf(1)
  })

  it('are not printed where onError alone is given', () => {
    let count = 0
    const { hook, logged } = hooked(() => void count++, false)
    hook.report(error, 'it')
    expect([count, logged.length]).to.deep.equal([1, 0])
  })

  for (const [how, onError] of [
    [
      'throws',
      () => {
        throw new RangeError('of the hook')
      },
    ],
    [
      'rejects',
      async () => {
        throw new RangeError('of the hook')
      },
    ],
  ] as const)
    it(`are logged as well where onError ${how}`, async () => {
      const { hook, logged } = hooked(onError)
      hook.report(error, 'it')
      await settle()
      expect(logged.at(-1)?.[1]).to.equal('onError failed')
      expect(logged.at(-1)?.[0]).to.have.nested.property('error.message', 'of the hook')
      expect(logged).to.have.lengthOf(2)
    })

  it('are replaced by the error that onError returns', () => {
    const masked = new ActionError('something failed')
    const { hook } = hooked(() => masked)
    expect(hook.thrown(error, 'pay', { id: '0123456789' } as never, 7)).to.equal(masked)
  })

  it('stay what they are where onError returns something else, and that one is late is logged', async () => {
    const { hook, logged } = hooked((async () => new ActionError('too late')) as never)
    expect(hook.thrown(error, 'pay', { id: '0123456789' } as never, 7)).to.equal(undefined)
    await settle()
    expect(logged.at(-1)?.[1]).to.match(/^onError returned a promise of an error/)
    expect(hooked((() => 1) as never).hook.thrown(error, 'pay', { id: '0' } as never, 7)).to.equal(undefined)
  })

  it('do not leave where onError throws, which might have masked them', () => {
    const { hook } = hooked(() => {
      throw new RangeError('of the hook')
    })
    const instead = hook.thrown(error, 'pay', { id: '0123456789' } as never, 7)
    expect(instead).to.be.instanceOf(ServerError).and.include({ code: 'INTERNAL' })
    expect(String(instead)).not.to.match(/it failed|of the hook/)
  })
})
