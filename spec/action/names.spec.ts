// What a minifier named, and what has the name of another class, wherever classes are added, declared or asked for.

import { expect } from 'chai'
import { data, field, Model } from '../../lib/data.ts'
import {
  Action,
  ActionError,
  Channel,
  Client,
  Guard,
  type IntervalTask,
  MemoryNetwork,
  Process,
  Server,
  Service,
  StartupTask,
} from '../../lib/index.ts'

/** The same class under another name, as a build makes it. */
function called<C extends abstract new (...args: never[]) => unknown>(name: string, Class: C): C {
  return Object.defineProperty(Class, 'name', { value: name })
}

const kinds = {
  action: () =>
    class Name extends Action {
      action(): void {}
    },
  channel: () => class Name extends Channel {},
  service: () =>
    class Name extends Service {
      init(): void {}
      exec(): void {}
    },
  process: () =>
    class Name extends Process {
      run(): void {}
    },
  task: () =>
    class Name extends StartupTask {
      run(): void {}
    },
  guard: () =>
    class Name extends Guard {
      check(): boolean {
        return true
      }
    },
  error: () => class Name extends ActionError {},
  value: () => class Name {},
  model: () =>
    class Name extends Model {
      title = field.text()
    },
}
type Kind = keyof typeof kinds

/** Ways in which a class gets its name into a server. */
const added: Readonly<Record<Kind, (Class: never) => unknown>> = {
  action: (Class: new () => Action) => new Server().addAction(new Class()),
  channel: (Class: new () => Channel) => new Server().addChannel(new Class()),
  service: (Class: new () => Service) => new Server().addService(Class),
  process: (Class: new () => Process) => new Server().addProcess(new Class()),
  task: (Class: new () => StartupTask) => new Server().addTask(new Class()),
  guard: (Class: new () => Guard) => new Server({ guards: [new Class()] }),
  error: (Class: new () => ActionError) => new Server().addAction(throwing([Class])),
  value: (Class: new () => object) => new Server({ classes: [Class] }),
  model: (Class: new () => Model) => new Server({ features: [data({ models: [Class] as never })] }),
}

function throwing(errors: readonly (new () => Error)[]): Action {
  class Throw extends Action {
    static override errors = errors
    action(): void {}
  }
  return new Throw()
}

/** Ways in which a client asks by class. */
const asked: Readonly<Partial<Record<Kind, (client: Client, Class: never) => unknown>>> = {
  action: (client, Class) => client.runAction(Class),
  channel: (client, Class) => client.publish(Class, 'x' as never),
  service: (client, Class) => client.service(Class),
  process: (client, Class) => client.onProcess(Class).stop(),
  error: (client, Class) => client.runAction(throwing([Class]).constructor as never),
  value: (_client, Class) => new Client('memory:x', { network: new MemoryNetwork(), classes: [Class] }),
  guard: (_client, Class: { credential(value: unknown): unknown }) => Class.credential(1),
}

const given: Readonly<Record<Kind, string>> = {
  ...(Object.fromEntries(Object.keys(kinds).map((kind) => [kind, `${kind}Name`])) as Record<Kind, string>),
  error: 'wireName',
  value: 'wireName',
}

async function failureOf(ask: () => unknown): Promise<Error> {
  try {
    await ask()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('a name that a minifier gave', () => {
  let client: Client
  beforeEach(() => {
    client = new Client('memory:nowhere', { network: new MemoryNetwork(), retry: 0 })
  })
  afterEach(() => client.close())

  for (const kind of Object.keys(kinds) as Kind[]) {
    it(`is refused where a server is given a class of the kind ${kind}`, () => {
      const Class = called('t', kinds[kind]()) as never
      expect(() => added[kind](Class)).to.throw(
        `class name "t" looks minified: give the class a \`static ${given[kind]} = '...'\`, or build with keepNames`,
      )
      added[kind](Object.assign(Class, { [given[kind]]: 'b' }))
    })
  }

  for (const [kind, ask] of Object.entries(asked)) {
    it(`is refused where a client asks by a class of the kind ${kind}`, async () => {
      const Class = called('t', kinds[kind as Kind]())
      expect((await failureOf(() => ask(client, Class as never))).message).to.contain('class name "t" looks minified')
    })
  }

  it('does not matter to a task, process or action that is added under a name', () => {
    const server = new Server()
    server.addTask('task', new (called('t', kinds.task()))())
    server.addProcess('process', new (called('t', kinds.process()))())
    server.addActions({ a: new (called('t', kinds.action()))() })
    expect(server.actionNames).to.deep.equal(['a'])
  })

  it('is refused where an action is asked for or removed by its class', () => {
    const Class = called('t', kinds.action())
    const server = new Server()
    server.addActions({ t: () => 'another' })
    expect(() => server.hasAction(Class)).to.throw('looks minified')
    expect(() => server.removeAction(Class)).to.throw('looks minified')
    expect(() => server.removeAction(new Class())).to.throw('looks minified')
    expect(server.actionNames).to.deep.equal(['t'])
  })
})

describe('two classes of one name', () => {
  let client: Client
  beforeEach(() => {
    client = new Client('memory:nowhere', { network: new MemoryNetwork(), retry: 0 })
  })
  afterEach(() => client.close())

  it('are refused where one client asks by both', async () => {
    class One extends Action {
      action(): number {
        return 1
      }
    }
    class Two extends Action {
      action(): number {
        return 2
      }
    }
    const first = await failureOf(() => client.runAction(called('Same', One)))
    expect(first.message).to.not.contain('Same" here')
    const second = await failureOf(() => client.runAction(called('Same', Two)))
    expect(second)
      .to.include({ name: 'ClientError', notStarted: true })
      .and.have.property('message')
      .that.equals('two different classes are called action "Same" here; give one of them another `static actionName`')
  })

  it('are one where a module was loaded twice, and where one extends the other', async () => {
    const make = () =>
      class Same extends Action {
        action(): number {
          return 1
        }
      }
    const [One, Two] = [make(), make()]
    const Below = called('Same', class extends One {})
    for (const Class of [One, Two, Below])
      expect((await failureOf(() => client.runAction(Class))).message).to.not.contain('two different classes')
  })

  it('are told apart by their contracts', async () => {
    class One extends Action {
      static override contractVersion = '1'
    }
    class Two extends Action {
      static override contractVersion = '2'
    }
    for (const Class of [called('Same', One), called('Same', Two)])
      expect((await failureOf(() => client.runAction(Class))).message).to.not.contain('two different classes')
  })

  for (const kind of ['channel', 'service', 'process'] as const)
    it(`are refused where they are of the kind ${kind}`, async () => {
      const Other = called('Name', Object.assign(class extends (kinds[kind]() as new () => object) {}, {}))
      const ask = asked[kind] as (client: Client, Class: never) => unknown
      await Promise.resolve(ask(client, kinds[kind]() as never)).catch(() => undefined)
      expect((await failureOf(() => ask(client, Other as never))).message).to.contain(`called ${kind} "Name" here`)
    })

  it('are refused as guards of one server', () => {
    class One extends Guard {
      static override guardName = 'login'
      check(): boolean {
        return true
      }
    }
    class Two extends Guard {
      static override guardName = 'login'
      check(): boolean {
        return false
      }
    }
    expect(() => new Server({ guards: [new One(), new Two()] }))
      .to.throw('two different classes are called guard "login" here')
      .with.property('code', 'INVALID_OPTION')
    void new Server({ guards: [new One(), new One()] })
  })

  it('are refused as tasks, channels, services, processes and models of one server', () => {
    const server = new Server()
    for (const [kind, add] of [
      ['task', (Class: new () => IntervalTask) => server.addTask(new Class())],
      ['channel', (Class: new () => Channel) => server.addChannel(new Class())],
      ['service', (Class: new () => Service) => server.addService(Class)],
      ['process', (Class: new () => Process) => server.addProcess(new Class())],
    ] as const) {
      add(kinds[kind]() as never)
      expect(() => add(kinds[kind]() as never)).to.throw(/added already|already added/)
    }
    expect(() => new Server({ features: [data({ models: [kinds.model(), kinds.model()] as never })] })).to.throw(
      'two models',
    )
  })
})
