// What can be registered, under which names, and what is refused.
import { expect } from 'chai'
import { Action, type Context, MemoryNetwork, Server, ServerError } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

class Exec extends Action<string[], string> {}

class Renamed extends Action {
  static override actionName = 'shop.order'

  action() {
    return 'ordered'
  }
}

class LoudExec extends Exec {
  override action(argv: string[]) {
    return argv.join(' ').toUpperCase()
  }
}

function newServer(): Server {
  return new Server('memory:registration', { network: new MemoryNetwork() })
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).to.be.instanceOf(ServerError)
    return (error as ServerError).code
  }
  throw new Error('it was not refused')
}

describe('registering actions', () => {
  it('goes by class name, or by static actionName', () => {
    const server = newServer().addAction(new Echo()).addAction(new Renamed())
    expect(server.actionNames).to.deep.equal(['Echo', 'shop.order'])
    expect([server.hasAction(Echo), server.hasAction('shop.order'), server.hasAction(Exec)]).to.deep.equal([
      true,
      true,
      false,
    ])
  })

  it('takes a tree of actions 32 objects deep below the first, and refuses a deeper one as one that may contain itself', () => {
    const nested = (depth: number): object => (depth === 0 ? { leaf: () => 1 } : { a: nested(depth - 1) })
    const [name] = newServer().addActions(nested(32) as never).actionNames
    expect(name?.split('.')).to.have.length(33)
    expect(codeOf(() => newServer().addActions(nested(33) as never))).to.equal('INVALID_ACTION')
  })

  it('refuses a handler that waits for more than data and context, however it is added', () => {
    const sum = (a: number, b: number, c: number): number => a + b + c
    class Sum extends Action {
      override action = sum as never
    }
    const wanted =
      'action "Sum" takes 3 parameters; it gets two, the data and the context: take several values as one object'
    expect(() => newServer().addAction(new Sum())).to.throw(ServerError, wanted)
    class Method extends Action<unknown, number> {}
    expect(() => newServer().addAction(Method, sum as never)).to.throw(
      ServerError,
      'action "Method" takes 3 parameters',
    )
    expect(codeOf(() => newServer().addActions({ sum } as never))).to.equal('INVALID_ACTION')
  })

  it('says how a function is added under a name', () => {
    expect(() => newServer().addAction('hello' as never, (() => 1) as never)).to.throw(
      ServerError,
      'a function is added under a name by addActions({ "hello": ... })',
    )
  })

  it('does not hand a static actionName down to subclasses', () => {
    class Special extends Renamed {}
    expect(newServer().addAction(new Special()).actionNames).to.deep.equal(['Special'])
  })

  for (const [what, implementation, expected] of [
    ['a function', (argv: string[]) => argv.join('+'), 'a+b'],
    ['an async function', async (argv: string[]) => argv.join('-'), 'a-b'],
    ['an instance', new LoudExec(), 'A B'],
    ['a subclass', LoudExec, 'A B'],
  ] as const) {
    it(`takes a contract with ${what}`, async () => {
      await using harness = await createHarness()
      harness.server.addAction(Exec, implementation)
      expect(await harness.client.runAction(Exec, ['a', 'b'])).to.equal(expected)
    })
  }

  it('keeps what its constructor was given', async () => {
    class Add extends Action {
      total = 0
      constructor(private_: number) {
        super()
        this.total = private_
      }
      action(n: number) {
        this.total += n
        return this.total
      }
    }
    await using harness = await createHarness({ actions: [new Add(100)] })
    await harness.client.runAction(Add, 1)
    expect(await harness.client.runAction(Add, 2)).to.equal(103)
  })

  it('flattens trees, with any separator', async () => {
    const tree = { events: { create: new Echo(), on: { remove: (id: number) => `removed ${id}` } }, ping: () => 'pong' }
    expect(newServer().addActions(tree).actionNames).to.deep.equal(['events.create', 'events.on.remove', 'ping'])
    expect(newServer().addActions(tree, { separator: '/' }).actionNames).to.deep.equal([
      'events/create',
      'events/on/remove',
      'ping',
    ])
    await using harness = await createHarness({ actions: tree })
    expect(await harness.client.runAction('events.create', 1)).to.equal(1)
    expect(await harness.client.runAction('events.on.remove', 2)).to.equal('removed 2')
  })

  it('adds all leaves of a tree or none', () => {
    const server = newServer().addAction(new Echo())
    expect(codeOf(() => server.addActions({ a: () => 1, b: { c: () => 2 }, Echo: () => 3 }))).to.equal(
      'DUPLICATE_ACTION',
    )
    expect(codeOf(() => server.addActions({ x: () => 1, y: 5 as never }))).to.equal('INVALID_ACTION')
    expect(server.actionNames).to.deep.equal(['Echo'])
  })

  it('refuses a name that is taken, and says what to do', () => {
    const server = newServer().addAction(new Echo())
    expect(codeOf(() => server.addAction(new Echo()))).to.equal('DUPLICATE_ACTION')
    expect(() => server.addAction(new Echo())).to.throw(
      'action "Echo" is already registered; remove it first or use another actionName',
    )
  })

  it('refuses anything but an action', () => {
    const circular: Record<string, unknown> = {}
    circular['again'] = circular
    const server = newServer()
    for (const add of [
      () => server.addAction({} as never),
      () => server.addAction(null as never),
      () => server.addAction((() => 1) as never),
      () => server.addAction(class Plain {} as never),
      () => server.addAction(Echo as never),
      () => server.addAction(Exec, 5 as never),
      () => server.addAction(new Exec() as never),
      () => server.addAction(Exec, new Exec() as never),
      () => server.addActions({ Echo: Echo as never }),
      () => server.addActions([new Echo()] as never),
      () => server.addActions(circular as never),
      () => server.addActions({ '': () => 1 }),
      () => server.addActions({ ['x'.repeat(600)]: () => 1 }),
    ]) {
      expect(codeOf(add), String(add)).to.equal('INVALID_ACTION')
    }
    expect(server.actionNames).to.deep.equal([])
  })

  it('refuses declarations that are wrong', () => {
    class WrongSchema extends Echo {
      static override input = { parse: () => 1 } as never
    }
    class WrongErrors extends Echo {
      static override errors = Error as never
    }
    class NoError extends Echo {
      static override errors = [Date] as never
    }
    const Nameless = (() => class extends Echo {})()
    Object.defineProperty(Nameless, 'name', { value: '' })
    for (const Wrong of [WrongSchema, WrongErrors, NoError, Nameless]) {
      expect(
        codeOf(() => newServer().addAction(new Wrong())),
        Wrong.name,
      ).to.equal('INVALID_ACTION')
    }
  })

  it('adds and removes while serving; a running call finishes', async () => {
    let finish: (value: string) => void = () => undefined
    await using harness = await createHarness({ actions: [new Echo()] })
    const { server, client } = harness
    const late = await client.runAction('late').outcome()
    expect(late).to.have.property('ok', false)
    server.addActions({
      late: () =>
        new Promise<string>((resolve) => {
          finish = resolve
        }),
    })
    const call = client.runAction('late')
    await client.runAction(Echo, 'the call before this has begun')
    expect(server.removeAction('late')).to.equal(true)
    expect(server.removeAction('late')).to.equal(false)
    expect(server.removeAction(Echo)).to.equal(true)
    expect(await client.runAction('late').outcome()).to.have.property('ok', false)
    finish('finished')
    expect(await call).to.equal('finished')
  })

  it('takes an instance, by its class or by where it was added, and no other action of its name', async () => {
    const server = new Server()
    const [echo, nested] = [new Echo(), new Echo()]
    server.addAction(echo).addActions({ tools: { nested }, Other: () => 'another' })
    expect(server.removeAction(nested)).to.equal(true)
    expect(server.actionNames).to.deep.equal(['Echo', 'Other'])
    expect(server.removeAction(echo)).to.equal(true)
    expect(server.removeAction(echo)).to.equal(false)
    expect(server.actionNames).to.deep.equal(['Other'])
  })

  it('may be done by an action', async () => {
    class Install extends Action {
      action(name: string, _context: Context) {
        harness.server.addActions({ [name]: () => `I am ${name}` })
      }
    }
    const harness = await createHarness({ actions: [new Install()] })
    await harness.client.runAction(Install, 'fresh')
    expect(await harness.client.runAction('fresh')).to.equal('I am fresh')
    await harness.close()
  })
})
