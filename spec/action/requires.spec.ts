// `static requires`: who may run an action.
import { expect } from 'chai'
import { Action, BusyError, type Requires, type Server, type SessionView } from '../../lib/index.ts'
import { failureOf, World } from '../setup/world.ts'

let runs = 0
let reads = 0

class Ban extends Action<string, string> {
  static override requires: Requires | undefined = ['admin', 'staff']

  override action(name: string): string {
    runs++
    return `banned ${name}`
  }
}

class Own extends Action<string, string> {
  static override requires = ({ identity }: SessionView): boolean => identity?.id === 'ada'
  static override input = {
    '~standard': {
      version: 1 as const,
      vendor: 'spec',
      validate: (value: unknown) => {
        reads++
        return { value }
      },
    },
  }

  override action(): string {
    return 'hers'
  }
}

/** Declares nothing itself. */
class Inherited extends Ban {}

class Undefined extends Ban {
  static override requires = undefined
}

describe('static requires', () => {
  let world: World
  let server: Server

  beforeEach(async () => {
    world = new World()
    runs = 0
    reads = 0
    server = await world.serve([new Ban(), new Own(), new Inherited()])
  })

  afterEach(() => world.close())

  const run = (Class: typeof Ban | typeof Own, identity?: { readonly id: string; readonly roles?: unknown }) =>
    world.clock.until(server.runAction(Class as typeof Ban, 'bob', { identity }).outcome())

  const errorOf = async (Class: typeof Ban | typeof Own, identity?: Parameters<typeof run>[1]) => {
    const outcome = await run(Class, identity)
    return (outcome.ok ? undefined : outcome.error) as { code: string; message: string; notStarted: boolean }
  }

  it('admits whom it names, and refuses all others before anything is read or run', async () => {
    expect(await run(Ban, { id: 'ada', roles: ['staff', 'admin', 'more'] })).to.deep.include({ value: 'banned bob' })
    for (const identity of [
      undefined,
      { id: 'ada' },
      { id: 'ada', roles: ['admin'] },
      { id: 'ada', roles: 'admin staff' },
      { id: 'ada', roles: { includes: true } },
    ]) {
      expect(await errorOf(Ban, identity)).to.include({ code: 'NOT_ALLOWED', notStarted: true })
    }
    expect(runs).to.equal(1)
    expect((await errorOf(Ban, { id: 'a', roles: ['staff'] })).message).to.equal(
      'action "Ban": it requires the role "admin"',
    )
    expect(await errorOf(Own)).to.include({ code: 'NOT_ALLOWED', notStarted: true })
    expect(reads).to.equal(0)
    expect(await run(Own, { id: 'ada' })).to.deep.include({ value: 'hers' })
    expect(reads).to.equal(1)
  })

  it('holds for clients, over a link', async () => {
    const error = await world.clock.until(failureOf(world.client().runAction(Ban, 'bob')))
    expect(error).to.include({ code: 'NOT_ALLOWED', notStarted: true })
  })

  it('is inherited', async () => {
    expect(await errorOf(Inherited)).to.include({ code: 'NOT_ALLOWED' })
  })

  it('waits for a function that answers later, and takes nothing but true for a yes', async () => {
    for (const [answer, isAllowed] of [
      [Promise.resolve(true), true],
      [Promise.resolve(false), false],
      [Promise.resolve('yes'), false],
      ['yes', false],
      [1, false],
      [undefined, false],
    ] as const) {
      class Asked extends Ban {
        static override requires = (() => answer) as never
      }
      server.removeAction('Asked')
      server.addAction(new Asked())
      expect([answer, (await run(Asked)).ok]).to.deep.equal([answer, isAllowed])
    }
  })

  it('counts what its function throws as a refusal, and says nothing of it', async () => {
    for (const fails of [
      () => {
        throw new Error('password of the database')
      },
      () => Promise.reject(new Error('password of the database')),
    ]) {
      class Fails extends Ban {
        static override requires = fails as never
      }
      server.removeAction('Fails')
      server.addAction(new Fails())
      const error = await errorOf(Fails)
      expect(error).to.include({ code: 'NOT_ALLOWED', notStarted: true })
      expect(JSON.stringify(error) + error.message).to.not.contain('password')
    }
    class Busy extends Ban {
      static override requires = (() => Promise.reject(new BusyError('the directory is busy'))) as never
    }
    server.addAction(new Busy())
    expect(await errorOf(Busy)).to.include({ code: 'BUSY', notStarted: true })
  })

  it('is of the implementation too, where that says more than the contract', async () => {
    class Contract extends Action<string, string> {}
    class Implementation extends Contract {
      static override requires = 'admin'
      override action(): string {
        return 'done'
      }
    }
    server.addAction(Contract, Implementation)
    expect(await errorOf(Contract as never)).to.include({ code: 'NOT_ALLOWED' })
    expect(await run(Contract as never, { id: 'a', roles: ['admin'] })).to.deep.include({ value: 'done' })
  })

  it('is refused where it would open what it should protect', () => {
    for (const requires of [undefined, null, [], '', [''], [1], {}, 5, true]) {
      class Wrong extends Ban {
        static override requires = requires as never
      }
      expect(() => server.addAction(new Wrong()), String(requires)).to.throw(/static requires of action "Wrong"/)
    }
    expect(() => server.addAction(new Undefined())).to.throw(/static requires of action "Undefined"/)
  })
})
