// Small rules of a server, each by itself: addresses and ranges, secrets and tokens, endings, and what is told of actions.
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import type { RegisteredAction } from '../../lib/core/action/registry.ts'
import { AuthError, ClientError, ServerError } from '../../lib/core/base/errors.ts'
import type { Logger } from '../../lib/core/base/log.ts'
import { ActionListings } from '../../lib/core/server/action-listings.ts'
import { AddressRanges } from '../../lib/core/server/address-ranges.ts'
import { cacheControlOf } from '../../lib/core/server/cache-control.ts'
import { createToken } from '../../lib/core/server/create-token.ts'
import { drainedWithin } from '../../lib/core/server/drained.ts'
import { endSessions } from '../../lib/core/server/ending-sessions.ts'
import { ErrorHook } from '../../lib/core/server/error-hook.ts'
import { namedAddresses } from '../../lib/core/server/named-addresses.ts'
import { resolveProxies } from '../../lib/core/server/proxy-option.ts'
import { Secrets } from '../../lib/core/server/secrets.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { guardsWithToken, TokenGuard } from '../../lib/core/server/token-guard.ts'
import { whileHere } from '../../lib/core/server/while-here.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

describe('AddressRanges', () => {
  const includes = (entries: unknown[], address: string): boolean =>
    new AddressRanges('trust', entries as string[]).includes(address)

  it('have single addresses and ranges, of IPv4 and IPv6', () => {
    const entries = ['192.0.2.7', '10.0.0.0/8', '2001:db8::1', 'fd00::/8']
    for (const address of ['192.0.2.7', '10.255.0.1', '2001:db8::1', 'fd12::9'])
      expect(includes(entries, address), address).to.equal(true)
    for (const address of ['192.0.2.8', '11.0.0.1', '2001:db8::2', 'fe12::9', 'no address', ''])
      expect(includes(entries, address), address).to.equal(false)
    expect(includes([], '10.0.0.1')).to.equal(false)
  })

  it('are refused where they are none, by the name of their option', () => {
    for (const entry of [
      '',
      'host',
      '10.0.0',
      '10.0.0.0/',
      '10.0.0.0/x',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      '10.0.0.0/1000',
      7,
      null,
    ])
      expect(() => includes([entry], '10.0.0.1'), String(entry)).to.throw(ClientError, /trust.*IP addresses or ranges/)
  })
})

describe('namedAddresses', () => {
  it('knows this machine by the name loopback, beside addresses and ranges', () => {
    const both = namedAddresses('trustProxy', ['loopback', '10.0.0.1'])
    expect(['127.0.0.1', '::1', '10.0.0.1', '10.0.0.2'].map(both)).to.deep.equal([true, true, true, false])
    expect(['127.0.0.1', '10.0.0.1'].map(namedAddresses('trustProxy', ['10.0.0.1']))).to.deep.equal([false, true])
    expect(['127.0.0.1', '10.0.0.1'].map(namedAddresses('trustProxy', ['loopback']))).to.deep.equal([true, false])
  })

  it('is nobody where none is named, and refuses what is no list', () => {
    expect(namedAddresses('trustProxy')('127.0.0.1')).to.equal(false)
    expect(namedAddresses('trustProxy', [])('127.0.0.1')).to.equal(false)
    expect(() => namedAddresses('trustProxy', 'loopback' as never)).to.throw(ClientError, /trustProxy.*a list/)
  })
})

describe('The proxies of a port', () => {
  const warned: unknown[] = []
  const log = { warn: (fields: unknown) => warned.push(fields) } as unknown as Logger

  it('are none where none is named', () => {
    expect(resolveProxies(undefined, ['0.0.0.0'], log)).to.equal(undefined)
    expect(resolveProxies([], ['0.0.0.0'], log)).to.equal(undefined)
  })

  it('are those of this machine where only this machine reaches the port', () => {
    expect(resolveProxies(true, ['127.0.0.1', '::1'], log)?.isProxy('127.0.0.1')).to.equal(true)
    expect(() => resolveProxies(true, ['127.0.0.1', '0.0.0.0'], log)).to.throw(ClientError, 'proxyProtocol')
  })

  it('are those that are named, wherever the port is, and a warning tells of what they send', () => {
    const proxies = resolveProxies(['10.0.0.1'], ['0.0.0.0'], log)
    expect(['10.0.0.1', '127.0.0.1'].map((address) => proxies?.isProxy(address))).to.deep.equal([true, false])
    proxies?.onRefused('10.0.0.1:5', 'no header')
    expect(warned).to.deep.equal([{ peer: '10.0.0.1:5', reason: 'no header' }])
  })
})

describe('Secrets', () => {
  it('have 32 bytes, and none is another, beyond one piece of memory', () => {
    const secrets = new Secrets()
    const made = Array.from({ length: 70 }, () => secrets.next())
    for (const secret of made) expect(secret.length).to.equal(32)
    expect(new Set(made.map((secret) => Buffer.from(secret).toString('hex'))).size).to.equal(70)
    expect(new Set(made.map(({ buffer }) => buffer)).size, 'pieces').to.equal(3)
  })

  it('make tokens of 43 characters for clients', () => {
    expect(createToken()).to.match(/^[\w-]{43}$/)
    expect(createToken()).to.not.equal(createToken())
  })
})

describe('TokenGuard', () => {
  const visitor = (isPrivate: boolean) => ({ peer: { isPrivate } }) as never
  const guard = new TokenGuard('right')

  it('lets in who knows the token, and says what is wrong otherwise', () => {
    expect(guard.check('right', visitor(true))).to.equal(true)
    expect(() => guard.check('wrong', visitor(true))).to.throw(AuthError, 'the token is wrong')
    expect(() => guard.check(7 as never, visitor(true))).to.throw(AuthError, 'the token is wrong')
    expect(() => guard.check(undefined, visitor(true))).to.throw(AuthError, 'this server asks for a token')
    expect(() => new TokenGuard('').check(undefined, visitor(true)), 'an empty one').to.not.throw()
  })

  it('takes no token that others can read on the way, unless it is allowed', () => {
    expect(() => guard.check('right', visitor(false))).to.throw(AuthError, 'clear text')
    expect(new TokenGuard('right', { allowClearText: true }).check('right', visitor(false))).to.equal(true)
  })

  it('comes before the other guards, where there is a token', () => {
    const others = [{}] as never[]
    expect(guardsWithToken(undefined, undefined, undefined)).to.deep.equal([])
    const same = guardsWithToken(others, undefined, true)
    expect(same).to.deep.equal(others)
    expect(same, 'a list of its own').to.not.equal(others)
    const [first, second] = guardsWithToken(others, 'right', true) as [TokenGuard, object]
    expect(first).to.be.instanceOf(TokenGuard)
    expect(first.check('right', visitor(false))).to.equal(true)
    expect(second).to.equal(others[0])
    const [strict] = guardsWithToken(undefined, 'right', undefined) as [TokenGuard]
    expect(() => strict.check('right', visitor(false))).to.throw(AuthError, 'clear text')
  })

  it('is recognised by its brand across copies of this library', () => {
    class OfAnotherCopy {}
    Object.defineProperty(OfAnotherCopy.prototype, Symbol.for('isock.TokenGuard'), { value: true })
    expect(new (class extends OfAnotherCopy {})()).to.be.instanceOf(TokenGuard)
  })
})

describe('endSessions', () => {
  function sessionOf(id: string | undefined, ended: string[]): ServerSession {
    const end = (reason: unknown): void => void ended.push(`${id}: ${reason}`)
    return { identity: id === undefined ? undefined : { id }, end } as unknown as ServerSession
  }

  it('ends the sessions of an identity, and says how many', () => {
    const ended: string[] = []
    const sessions = [
      sessionOf('ada', ended),
      sessionOf('bob', ended),
      sessionOf(undefined, ended),
      sessionOf('ada', ended),
    ]
    expect(endSessions(sessions, { identity: 'ada', reason: 'out' })).to.equal(2)
    expect(ended).to.deep.equal(['ada: out', 'ada: out'])
    expect(endSessions(sessions, { identity: 'nobody' })).to.equal(0)
  })

  it('ends none where it is not said whose, or not as it should be', () => {
    const ended: string[] = []
    for (const options of [{}, { identity: undefined }, { identity: 7 }, { identity: 'ada', raeson: 'out' }])
      expect(() => endSessions([sessionOf(undefined, ended), sessionOf('ada', ended)], options as never)).to.throw(
        ClientError,
      )
    expect(ended).to.deep.equal([])
  })
})

describe('drainedWithin', () => {
  const clock = new VirtualClock()
  const session = (isDrained: () => boolean): ServerSession =>
    ({
      core: {
        get isDrained() {
          return isDrained()
        },
      },
    }) as unknown as ServerSession

  it('settles at once where nothing runs', async () => {
    expect(await drainedWithin(0, () => [], clock)).to.equal(true)
    expect(await drainedWithin(100, () => [session(() => true)], clock)).to.equal(true)
  })

  it('looks every 5 ms whether all are drained', async () => {
    let looks = 0
    const drained = drainedWithin(100, () => [session(() => ++looks > 3)], clock)
    await clock.advance(14)
    expect(looks).to.equal(3)
    await clock.advance(1)
    expect(await drained).to.equal(true)
  })

  it('says that something still runs after the time, and no later', async () => {
    const looksAtMs: number[] = []
    const startedAtMs = clock.now()
    const sessions = [session(() => true), session(() => false)]
    const drained = drainedWithin(
      11,
      () => {
        looksAtMs.push(clock.now() - startedAtMs)
        return sessions
      },
      clock,
    )
    await clock.advance(11)
    expect(await drained).to.equal(false)
    expect(looksAtMs).to.deep.equal([0, 5, 10, 11])
  })
})

describe('whileHere', () => {
  it('leaves once: when the work has ended', async () => {
    let left = 0
    const { signal } = new AbortController()
    const work = async (): Promise<string> => {
      await settle()
      expect(left, 'while it works').to.equal(0)
      return 'done'
    }
    expect(await whileHere(signal, () => left++, work)).to.equal('done')
    expect(left).to.equal(1)
    const failure = await whileHere(
      signal,
      () => left++,
      () => Promise.reject(new Error('odd')),
    ).catch((error: Error) => error.message)
    expect([failure, left]).to.deep.equal(['odd', 2])
  })

  it('leaves once: when the signal aborts, while the work goes on', async () => {
    let left = 0
    let finish: (value: string) => void = () => undefined
    const controller = new AbortController()
    const work = whileHere(
      controller.signal,
      () => left++,
      () =>
        new Promise<string>((resolve) => {
          finish = resolve
        }),
    )
    controller.abort()
    expect(left).to.equal(1)
    finish('done')
    expect(await work).to.equal('done')
    expect(left).to.equal(1)
    controller.abort()
    expect(left).to.equal(1)
  })

  it('follows the signal no longer when the work has ended', async () => {
    const { signal } = new AbortController()
    await whileHere(
      signal,
      () => undefined,
      async () => undefined,
    )
    expect(getEventListeners(signal, 'abort')).to.deep.equal([])
  })
})

describe('The Cache-Control of an action', () => {
  const of = (statics: object | undefined): string | undefined =>
    cacheControlOf({ actionClass: statics } as unknown as RegisteredAction)

  it('is what its class says that is idempotent', () => {
    expect(of({ idempotent: true, cacheControl: 'max-age=60, public' })).to.equal('max-age=60, public')
    expect(of({ idempotent: true, cacheControl: 'a' })).to.equal('a')
    for (const statics of [
      undefined,
      {},
      { cacheControl: 'a' },
      { idempotent: 'yes', cacheControl: 'a' },
      { idempotent: true },
    ])
      expect(of(statics)).to.equal(undefined)
  })

  it('is none where it could not be sent as a header', () => {
    for (const cacheControl of ['', ' a', 'a ', 'a\nb', 'ä', 7])
      expect(of({ idempotent: true, cacheControl })).to.equal(undefined)
  })
})

describe('ActionListings', () => {
  const schema = { '~standard': { version: 1, vendor: 'acme', validate: (value: unknown) => ({ value }) } }
  const registered = (name: string, more: object = {}): RegisteredAction =>
    ({ name, isStream: false, actionClass: { description: `it is ${name}` }, ...more }) as unknown as RegisteredAction

  it('tell what kind each action is, and what is known of it', () => {
    const actions = [
      registered('plain'),
      registered('stream', { isStream: true, actionClass: { idempotent: true, cacheControl: 'a' } }),
      registered('function', { actionClass: undefined }),
      registered('cached', { actionClass: { idempotent: true, cacheControl: 'a' } }),
      registered('checked', { actionClass: {}, input: schema, output: schema, items: schema }),
    ]
    const unknown = { $comment: 'a schema of acme' }
    expect(new ActionListings(() => actions).all()).to.deep.equal([
      { name: 'plain', kind: 'action', description: 'it is plain' },
      { name: 'stream', kind: 'stream' },
      { name: 'function', kind: 'function' },
      { name: 'cached', kind: 'action', cacheControl: 'a' },
      { name: 'checked', kind: 'action', input: unknown, output: unknown, items: unknown },
    ])
  })

  it('have the JSON Schemas that a library tells of', async () => {
    const { z } = await import('zod')
    const [listing] = new ActionListings(() => [
      registered('a', { input: z.string(), output: z.number(), items: z.boolean() }),
    ]).all()
    expect(
      [listing?.input, listing?.output, listing?.items].map((each) => (each as { type: string }).type),
    ).to.deep.equal(['string', 'number', 'boolean'])
  })

  it('are made once, as long as no action comes or goes', () => {
    const [one, two, three] = [registered('one'), registered('two'), registered('three')]
    let actions = [one, two]
    const listings = new ActionListings(() => actions)
    const all = listings.all()
    actions = [one, two]
    expect(listings.all()).to.equal(all)
    expect(listings.find('two')).to.equal(all[1])
    expect(listings.find('three')).to.equal(undefined)
    actions = [one, three]
    const changed = listings.all()
    expect(changed.map(({ name }) => name)).to.deep.equal(['one', 'three'])
    expect(changed[0]).to.equal(all[0])
    actions = [one]
    expect(listings.all()).to.have.length(1)
    actions = [one, two]
    expect(listings.find('two'), 'as long as it is registered').to.equal(all[1])
  })
})

describe('ErrorHook', () => {
  let logged: string[]
  let told: unknown[][]
  const session = { id: 'abcdefgh' } as never

  beforeEach(() => {
    logged = []
    told = []
  })

  function hookWith(onError?: (error: unknown, where: unknown) => unknown, isLogGiven = true): ErrorHook {
    const write = (level: string) => (fields: { error?: unknown }, what: string) =>
      void logged.push(`${level}: ${what}${fields.error instanceof Error ? `: ${fields.error.message}` : ''}`)
    const log = { error: write('error'), warn: write('warn'), info: write('info') } as unknown as Logger
    const hook =
      onError &&
      ((error: unknown, where: unknown): unknown => {
        told.push([error, where])
        return onError(error, where)
      })
    const given = { ...(isLogGiven ? { log } : {}), ...(hook === undefined ? {} : { onError: hook }) }
    return new ErrorHook({ log, clock: new VirtualClock(), classes: new ClassRegistry(), given: given as never })
  }

  it('tells onError what an action threw, and where', () => {
    const error = new Error('odd')
    const replaced = hookWith(() => undefined).thrown(error, 'Add', session, 5)
    expect(replaced).to.equal(undefined)
    expect(told).to.have.length(1)
    expect(told[0]?.[0]).to.equal(error)
    expect(told[0]?.[1]).to.include({ action: 'Add', session })
    expect(told[0]?.[1]).to.have.property('errorId').that.is.a('string')
    expect(logged.join(), 'the log has it too').to.include('odd')
  })

  it('replaces what an action threw with the error that onError returns, and with nothing else', () => {
    const other = new Error('another one')
    expect(hookWith(() => other).thrown(new Error('odd'), 'Add', session, 5)).to.equal(other)
    expect(hookWith(() => 'a text').thrown(new Error('odd'), 'Add', session, 5)).to.equal(undefined)
    expect(hookWith().thrown(new Error('odd'), 'Add', session, 5)).to.equal(undefined)
  })

  it('lets nothing through that onError would have masked, where it throws itself', () => {
    const masked = hookWith(() => {
      throw new Error('the hook is odd')
    }).thrown(new Error('secret'), 'Add', session, 5)
    expect(masked).to.be.instanceOf(ServerError)
    expect(masked?.message).to.equal('the action failed, and so did the onError of its server')
    expect(logged).to.include('error: onError failed: the hook is odd')
  })

  it('logs an error that onError gives by a promise, which is too late, and its rejection', async () => {
    for (const late of [
      Promise.resolve(new Error('late')),
      Promise.reject(new Error('rejected')),
      Promise.resolve('fine'),
    ])
      hookWith(() => late).thrown(new Error('odd'), 'Add', session, 5)
    await settle()
    expect(logged.filter((line) => line.includes('onError'))).to.deep.equal([
      'error: onError returned a promise of an error, which is too late: the original was sent; return the error itself',
      'error: onError failed: rejected',
    ])
  })

  it('reports what else failed, with its origin', () => {
    hookWith(() => new Error('in vain')).report(new Error('odd'), 'a task')
    expect(logged).to.deep.equal(['error: a task failed: odd'])
    expect(told[0]?.[1]).to.deep.equal({ origin: 'a task' })
  })

  it('prints nothing that onError takes, where no log is given', () => {
    hookWith(() => undefined, false).report(new Error('odd'), 'a task')
    expect(logged).to.deep.equal([])
    hookWith(undefined, false).report(new Error('odd'), 'a task')
    expect(logged).to.have.length(1)
  })
})
