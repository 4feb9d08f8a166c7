// One service at its server, without a server around it: who may do what with it when, what its methods get, and receipts.
import { expect } from 'chai'
import type { Context } from '../../lib/core/action/context.ts'
import { Refused } from '../../lib/core/action/refused.ts'
import { type ServerError, ValidationError } from '../../lib/core/base/errors.ts'
import { Service, type ServiceSchemas } from '../../lib/features/services/service.ts'
import { ServiceHost } from '../../lib/features/services/service-host.ts'
import type { HostRun } from '../../lib/features/services/service-instance.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

type Log = string[]

/** What it does is written down. A method waits where its argument says so, until `release`. */
class Noted extends Service<unknown, unknown, unknown, unknown> {
  readonly log: Log
  release: () => void = () => undefined
  respond: ((value: unknown) => Promise<void>) | undefined

  constructor(log: Log) {
    super()
    this.log = log
  }

  async #do(what: string, args: unknown): Promise<unknown> {
    this.log.push(what)
    if (args === 'wait') await new Promise<void>((resolve) => (this.release = resolve))
    if (args === 'throw') throw new RangeError(`${what} threw`)
    return `after ${what}`
  }

  override init(args: unknown): Promise<unknown> {
    return this.#do(`init ${args}`, args)
  }

  override exec(state: unknown, args: unknown, context: { respond(value: unknown): Promise<void> }): Promise<unknown> {
    this.respond = context.respond
    return this.#do(`exec ${args} on [${state}]`, args)
  }

  override exit(state: unknown, args: unknown): Promise<unknown> {
    return this.#do(`exit ${args} on [${state}]`, args)
  }
}

describe('ServiceHost', () => {
  let log: Log
  let service: Noted
  let host: ServiceHost
  let call: AbortController

  beforeEach(() => {
    log = []
    service = new Noted(log)
    host = hostOf(service)
    call = new AbortController()
  })

  const hostOf = (of: Service, maxQueued = 10): ServiceHost =>
    new ServiceHost('Noted', of as never, { maxQueued }, { clock: new VirtualClock() })

  function run(verb: 'init' | 'exec' | 'exit', args: unknown = 'x', asked: HostRun = {}): Promise<string> {
    const context = {
      signal: call.signal,
      emit: async () => undefined,
      log: { warn: () => undefined },
    } as unknown as Context<unknown>
    return host.run(verb, args, context, asked).then(
      () => 'has run',
      (error: unknown) => {
        const { message } = (error instanceof Refused ? error.error : error) as Error
        return `${error instanceof Refused ? 'was not started' : 'failed'}: ${message}`
      },
    )
  }

  const isSettled = async (promise: Promise<unknown>): Promise<boolean> =>
    Promise.race([promise.then(() => true), settle().then(() => false)])

  it('makes a state, changes it in each turn, and ends with it', async () => {
    expect([host.name, host.phase]).to.deep.equal(['Noted', 'new'])
    expect(await run('init', 1)).to.equal('has run')
    expect(host.phase).to.equal('initialized')
    expect(await run('exec', 2)).to.equal('has run')
    expect(await run('exec', 3)).to.equal('has run')
    expect(await run('exit', 4)).to.equal('has run')
    expect(host.phase).to.equal('terminated')
    expect(log).to.deep.equal([
      'init 1',
      'exec 2 on [after init 1]',
      'exec 3 on [after exec 2 on [after init 1]]',
      'exit 4 on [after exec 3 on [after exec 2 on [after init 1]]]',
    ])
  })

  it('is not used before it is initialized, nor initialized twice, nor used after it was terminated', async () => {
    const uninitialized = 'was not started: service "Noted" is not initialized; call initialize() first'
    const terminated = 'was not started: service "Noted" was terminated and cannot be used any more'
    expect(await run('exec')).to.equal(uninitialized)
    expect(await run('exit')).to.equal(uninitialized)
    await run('init')
    expect(await run('init')).to.equal('was not started: service "Noted" is already initialized')
    await run('exit')
    for (const verb of ['init', 'exec', 'exit'] as const) expect(await run(verb)).to.equal(terminated)
    expect(log).to.have.length(2)
  })

  it('refuses without a turn what waiting cannot make right', async () => {
    await run('init')
    void run('exec', 'wait')
    expect(await run('init')).to.equal('was not started: service "Noted" is already initialized')
    service.release()
    await host.idle()
  })

  it('says by its errors what is wrong, and that nothing was started', async () => {
    const codes: unknown[] = []
    const context = { signal: call.signal } as unknown as Context<unknown>
    const codeOf = (verb: 'init' | 'exec'): Promise<void> =>
      host
        .run(verb, 'x', context)
        .catch(({ error }: { error: ServerError }) => void codes.push([error.code, error.notStarted]))
    await codeOf('exec')
    await run('init')
    await codeOf('init')
    await run('exit')
    await codeOf('exec')
    expect(codes).to.deep.equal([
      ['NOT_INITIALIZED', true],
      ['ALREADY_INITIALIZED', true],
      ['TERMINATED', true],
    ])
  })

  it('can be initialized again when its init threw, and is not initialized before that has ended', async () => {
    expect(await run('init', 'throw')).to.equal('failed: init throw threw')
    expect(host.phase).to.equal('new')
    const running = run('init', 'wait')
    await settle()
    expect(host.phase).to.equal('new')
    service.release()
    expect(await running).to.equal('has run')
  })

  it('keeps its state where exec threw, and is over where exit threw', async () => {
    await run('init', 1)
    expect(await run('exec', 'throw')).to.equal('failed: exec throw on [after init 1] threw')
    await run('exec', 2)
    expect(log.at(-1)).to.equal('exec 2 on [after init 1]')
    expect(await run('exit', 'throw')).to.match(/^failed/)
    expect(host.phase).to.equal('terminated')
  })

  it('runs one at a time, what waits for an init too', async () => {
    const first = run('init', 'wait')
    const [second, third] = [run('exec', 2), run('exec', 3)]
    await settle()
    expect(host.queuedCount).to.equal(2)
    expect(log).to.deep.equal(['init wait'])
    service.release()
    expect(await Promise.all([first, second, third])).to.deep.equal(['has run', 'has run', 'has run'])
    expect(log).to.have.length(3)
    await host.idle()
  })

  it('is idle when nothing runs or waits any more', async () => {
    const running = run('init', 'wait')
    await settle()
    const idle = host.idle()
    expect(await isSettled(idle)).to.equal(false)
    service.release()
    await running
    expect(await isSettled(idle)).to.equal(true)
  })

  it('never starts what is given up while it waits', async () => {
    void run('init', 'wait')
    await settle()
    const waiting = run('exec')
    call.abort()
    expect(await waiting).to.match(/^was not started/)
    service.release()
    await host.idle()
    expect(log).to.deep.equal(['init wait'])
  })

  it('responds no longer when a method has ended, and not at all in the place of its client', async () => {
    await run('init')
    await run('exec')
    const refusal = await service.respond?.('late').catch((error: ServerError) => error.code)
    expect(refusal).to.equal('INVALID_USAGE')
  })

  it('tells that exit has ended, also where it threw, and not where it never ran', async () => {
    let count = 0
    const asked = { onTerminated: () => count++ }
    await run('exit', 'x', asked)
    await run('init', 'x', asked)
    await run('exec', 'x', asked)
    expect(count).to.equal(0)
    await run('exit', 'throw', asked)
    expect(count).to.equal(1)
    await run('exit', 'x', asked)
    expect(count).to.equal(1)
  })

  describe('that has schemas', () => {
    let checks: number

    class Checked extends Noted {
      static override schemas: ServiceSchemas = {
        exec: schema((value) => value),
        exit: schema((value) => Promise.resolve().then(() => value)),
      }
    }

    function schema(result: (checked: object) => unknown): NonNullable<ServiceSchemas['exec']> {
      const validate = (value: unknown): unknown => {
        checks++
        return result(
          typeof value === 'number' ? { value: `checked ${value}` } : { issues: [{ message: 'no number' }] },
        )
      }
      return { '~standard': { version: 1, vendor: 'spec', validate } } as NonNullable<ServiceSchemas['exec']>
    }

    beforeEach(async () => {
      host = hostOf(new Checked(log))
      await run('init', 'unchecked')
    })

    it('gets what they return, and is not started with what they refuse', async () => {
      expect(await run('exec', 5)).to.equal('has run')
      expect(await run('exec', 'a')).to.match(/^was not started: .*no number/)
      expect(await run('exit', 'a')).to.match(/^was not started: .*no number/)
      expect(host.phase).to.equal('initialized')
      expect(await run('exit', 6)).to.equal('has run')
      const init = 'after init unchecked'
      expect(log).to.deep.equal([
        'init unchecked',
        `exec checked 5 on [${init}]`,
        `exit checked 6 on [after exec checked 5 on [${init}]]`,
      ])
    })

    it('refuses before a receipt what they refuse, without a turn', async () => {
      const refusal = (await host
        .run('exec', 'a', { signal: call.signal } as unknown as Context<unknown>, receipt().asked)
        .catch((error: unknown) => error)) as Refused
      expect(refusal).to.be.instanceOf(Refused)
      expect(refusal.error).to.be.instanceOf(ValidationError)
    })

    it('gives the receipt for what takes time to check in its turn', async () => {
      const { asked, given } = receipt()
      checks = 0
      expect(await run('exit', 6, asked)).to.equal('has run')
      expect(given()).to.equal(1)
      expect(checks, 'checks').to.equal(1)
      expect(log.at(-1)).to.include('exit checked 6')
    })
  })

  /** A receipt, and how often it was given. */
  function receipt(): { asked: HostRun; given: () => number; leave: AbortController } {
    let count = 0
    const leave = new AbortController()
    return { asked: { receipt: { signal: leave.signal, onAccepted: () => count++ } }, given: () => count, leave }
  }

  describe('whose client waits for a receipt only', () => {
    /** The turn is taken until it is released. */
    async function busy(): Promise<void> {
      await run('init')
      await run('exec')
      void run('exec', 'wait')
      await settle()
    }

    afterEach(async () => {
      service.release()
      await host.idle()
    })

    it('gives it when the run has started', async () => {
      const { asked, given } = receipt()
      void run('init', 'wait', asked)
      await settle()
      expect(given()).to.equal(1)
    })

    it('gives it before its turn, once, where nothing can come between', async () => {
      await busy()
      const { asked, given } = receipt()
      const running = run('exec', 2, asked)
      await settle()
      expect(given()).to.equal(1)
      service.release()
      await running
      expect(given()).to.equal(1)
    })

    it('follows the signal of the run and not that of the call', async () => {
      await busy()
      const { asked, leave } = receipt()
      const running = run('exec', 2, asked)
      call.abort()
      expect(await isSettled(running)).to.equal(false)
      leave.abort()
      expect(await running).to.match(/^was not started/)
    })

    it('gives it in its turn only behind an init or an exit that may change what is allowed', async () => {
      const first = run('init', 'wait')
      await settle()
      const early = receipt()
      const second = run('exec', 2, early.asked)
      await settle()
      expect(early.given(), 'behind an init').to.equal(0)
      service.release()
      await Promise.all([first, second])
      expect(early.given()).to.equal(1)
      void run('exec', 'wait')
      await settle()
      const exiting = run('exit', 3)
      const late = receipt()
      const last = run('exec', 4, late.asked)
      await settle()
      expect(late.given(), 'behind an exit').to.equal(0)
      service.release()
      await exiting
      expect(await last).to.match(/^was not started: .*was terminated/)
      expect(late.given()).to.equal(0)
    })

    it('gives it before its turn again when an exit has left the queue', async () => {
      await busy()
      const leaving = receipt()
      const exiting = run('exit', 3, leaving.asked)
      leaving.leave.abort()
      await exiting
      const { asked, given } = receipt()
      void run('exec', 2, asked)
      await settle()
      expect(given()).to.equal(1)
    })

    it('gives it in its turn where 16 MiB of arguments wait already, until some have run', async () => {
      await busy()
      const large = new ArrayBuffer(10 * 1024 * 1024)
      const [first, second] = [receipt(), receipt()]
      const running = [run('exec', large, first.asked), run('exec', large, second.asked)]
      await settle()
      expect([first.given(), second.given()]).to.deep.equal([1, 0])
      service.release()
      await Promise.all(running)
      void run('exec', 'wait')
      await settle()
      const third = receipt()
      void run('exec', large, third.asked)
      await settle()
      expect(third.given(), 'with nothing kept').to.equal(1)
    })

    it('gives it before its turn up to 16 MiB of arguments in all, to the byte', async () => {
      await busy()
      const receipts = [receipt(), receipt(), receipt()]
      const sizes = [16 * 1024 * 1024 - 32, 1, 0] // and 16 for each
      for (const [i, { asked }] of receipts.entries()) void run('exec', new ArrayBuffer(sizes[i] as number), asked)
      await settle()
      expect(receipts.map(({ given }) => given())).to.deep.equal([1, 0, 1])
    })
  })
})
