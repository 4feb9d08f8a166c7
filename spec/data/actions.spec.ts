// Actions with a store: what they did is kept or not, what travels of rows, and what is said where there is no store.

import { expect } from 'chai'
import {
  Action,
  CancelledError,
  Channel,
  type Client,
  type Context,
  DeadlineError,
  MemoryNetwork,
  Server,
  ServerError,
  Service,
  ShutdownTask,
  StartupTask,
  type TaskContext,
} from 'isock'
import {
  type Change,
  ConflictError,
  Database,
  field,
  InvalidDataError,
  Model,
  NotFoundError,
  parseFilter,
  StoreUnavailableError,
} from 'isock/data'
import { createHarness, type Harness } from 'isock/testing'
import { data } from '../../lib/data.ts'
import { beginUnit } from '../../lib/features/data/database.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf, itemsOf } from '../setup/world.ts'
import { models, Team, User } from './models.ts'

class AddTeam extends Action {
  async action(name: string, { db }: Context) {
    return db.create(Team, { name })
  }
}

class AddAndFail extends Action {
  async action(name: string, { db }: Context): Promise<void> {
    await db.create(Team, { name })
    throw new TypeError('after all')
  }
}

class ListTeams extends Action {
  async action(_: undefined, { db }: Context) {
    return db.query(Team, {}, { sort: 'name' })
  }
}

class Nested extends Action {
  async action(_: undefined, { db }: Context) {
    return { first: await db.get(Team, { name: 'a' }), all: new Map([['teams', await db.query(Team)]]) }
  }
}

/** Takes a client's filter as it is: no more than values, whatever it looks like. */
class ByValues extends Action {
  async action({ filter, options }: { filter: unknown; options?: unknown }, { db }: Context): Promise<number> {
    return (await db.query(User, filter as never, options as never)).length
  }
}

/** Lets a client ask for all that a model lets anybody ask for. */
class Search extends Action {
  async action({ filter }: { filter: unknown }, { db }: Context): Promise<number> {
    const fields = Object.keys((filter ?? {}) as object) as never[]
    return (await db.query(User, parseFilter(filter, User, { fields }))).length
  }
}

class Grow extends Action {
  async *action(count: number, { db }: Context) {
    for (let at = 0; at < count; at++) yield await db.create(Team, { name: `${at}` })
    return db.count(Team)
  }
}

class Emit extends Action {
  async action(_: undefined, { db, emit }: Context<Team>): Promise<void> {
    await emit(await db.create(Team, { name: 'emitted' }))
  }
}

class CallsOther extends Action {
  async action(_: undefined, { db, client }: Context): Promise<string> {
    await db.create(Team, { name: 'mine' })
    return client.runAction(AskUser)
  }
}

class AskUser extends Action {
  action(_: undefined, context: Context): string {
    return String(context.db)
  }
}

class Sync extends Action {
  action(text: string): string {
    return text
  }
}

class SyncFailure extends Action {
  action(_: undefined, { db }: Context): never {
    void db.create(Team, { name: 'sync' })
    throw new RangeError('at once')
  }
}

class Leak extends Action {
  static kept: Context | undefined
  action(_: undefined, context: Context): void {
    Leak.kept = context
  }
}

class Slow extends Action {
  async action(_: undefined, { db, signal }: Context): Promise<void> {
    await db.create(Team, { name: 'slow' })
    while (!signal.aborted) await new Promise((resolve) => setImmediate(resolve))
    await db.create(Team, { name: 'slower' })
  }
}

/** Writes, and waits for another action of the same server that writes. */
class Outer extends Action {
  static inner: Client | undefined
  async action(_: undefined, { db }: Context): Promise<void> {
    await db.create(Team, { name: 'outer' })
    await Outer.inner?.runAction(AddTeam, 'inner')
  }
}

class Login extends Service {
  override async init(): Promise<void> {}
  override async exec(_state: unknown, _args: unknown, context: { db: unknown }): Promise<unknown> {
    return context.db
  }
  override async exit(): Promise<void> {}
}

describe('Actions with data', function () {
  this.timeout(120_000)
  let harness: Harness
  let client: Client

  const actions = [
    ...[new AddTeam(), new AddAndFail(), new ListTeams(), new Nested(), new Search(), new ByValues()],
    ...[new Grow(), new Emit(), new CallsOther(), new Sync(), new SyncFailure(), new Leak(), new Slow()],
  ]

  beforeEach(async () => {
    harness = await createHarness({ actions, server: { features: [data({ models })] } })
    client = harness.client
  })

  afterEach(() => harness.close())

  const names = async (): Promise<string[]> => (await client.runAction(ListTeams)).map(({ name }) => name)

  it('keep what they did when they return', async () => {
    await client.runAction(AddTeam, 'a')
    expect(await names()).to.deep.equal(['a'])
  })

  it('keep nothing when they throw, and the error is the one that they threw', async () => {
    const error = await failureOf(client.runAction(AddAndFail, 'a'))
    expect(error).to.be.instanceOf(TypeError)
    expect(error.message).to.equal('after all')
    expect(await failureOf(client.runAction(SyncFailure))).to.be.instanceOf(RangeError)
    expect(await names()).to.deep.equal([])
  })

  it('have one unit of work each, which others do not see before they return', async () => {
    const outcomes = await Promise.allSettled([
      ...['a', 'b', 'c'].map((name) => client.runAction(AddTeam, name)),
      ...['d', 'e', 'f'].map((name) => client.runAction(AddAndFail, name)),
    ])
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      ...Array(3).fill('fulfilled'),
      ...Array(3).fill('rejected'),
    ])
    expect(await names()).to.deep.equal(['a', 'b', 'c'])
  })

  it('give rows as dictionaries: one, a list, inside of others, as items', async () => {
    const team = await client.runAction(AddTeam, 'a')
    expect(Object.getPrototypeOf(team) === Object.prototype).to.equal(true)
    expect(team).to.deep.equal({ pk: team.pk, name: 'a', lead: null })
    const { first, all } = (await client.runAction(Nested)) as unknown as { first: object; all: Map<string, object[]> }
    expect(first).to.deep.equal(team)
    expect(all.get('teams')).to.deep.equal([team])
    const [emitted] = await itemsOf(client.runAction(Emit))
    expect(emitted).to.include({ name: 'emitted' })
  })

  it('give the errors of the store as themselves', async () => {
    await client.runAction(AddTeam, 'a')
    const error = await failureOf(client.runAction(AddTeam, 'a'))
    expect(error).to.be.instanceOf(ConflictError)
    expect(error).to.include({ model: 'Team', field: 'name', code: 'CONFLICT' })
  })

  it('give NotFoundError as itself', async () => {
    expect(await failureOf(client.runAction(Nested))).to.be.instanceOf(NotFoundError)
  })

  it('have their unit until the stream ends', async () => {
    const call = client.runAction(Grow, 3)
    expect((await itemsOf(call)).map(({ name }) => name)).to.deep.equal(['0', '1', '2'])
    expect(await call).to.equal(3)
    expect(await names()).to.deep.equal(['0', '1', '2'])
  })

  it('keep nothing of a stream that the client leaves', async () => {
    const call = client.runAction(Grow, 1_000)
    for await (const { name } of call) if (name === '2') break
    expect(await failureOf(call)).to.be.instanceOf(CancelledError)
    await waitFor(async () => (await client.runAction(Sync, 'x')) === 'x')
    expect(await names()).to.deep.equal([])
  })

  it('are told by their signal when time is up, and keep nothing', async () => {
    expect(await failureOf(client.runAction(Slow, undefined, { timeoutMs: 100 }))).to.be.instanceOf(DeadlineError)
    expect(await names()).to.deep.equal([])
  })

  it('cannot use it when they have ended', async () => {
    await client.runAction(Leak)
    expect(() => Leak.kept?.db).to.throw(ServerError, 'the action has ended')
  })

  it('that are run on a client have none, and say so', async () => {
    const other = await harness.connect()
    other.addAction(new AskUser())
    const error = await failureOf(other.runAction(CallsOther))
    expect(error.message).to.include('context.db needs the feature data')
    expect(await names()).to.deep.equal([])
  })

  it('that wait for one that waits for their turn to write learn who has it', async () => {
    const own = await createHarness({
      actions: [new Outer(), new AddTeam()],
      server: { features: [data({ models, waitMs: 200 })] },
    })
    try {
      Outer.inner = await own.connect()
      const error = await failureOf(own.client.runAction(Outer))
      expect(error).to.be.instanceOf(StoreUnavailableError)
      expect(error.message).to.match(
        /^the store was busy .*: the turn to write is held by action "Outer" \(for \d+ ms\); one that waits for this call must first `await db.commit\(\)`, or end$/,
      )
    } finally {
      await own.close()
    }
  })

  it('of a service have none, and say what to use', async () => {
    harness.server.addService(Login)
    const login = client.service(Login)
    await login.initialize(undefined)
    expect((await failureOf(login.execute(undefined))).message).to.include('use context.server.db.transaction()')
  })

  describe('with a filter that a client sent', () => {
    const hostile: [string, unknown, string][] = [
      ['a secret field', { password: { matches: '^\\$argon' } }, 'User.password is secret'],
      ['a secret field, by its stored name', { set_password: 'x' }, 'User has no field "set_password"'],
      ['an unknown field', { nope: 1 }, 'User has no field "nope"'],
      ['an inherited name', { constructor: 1 }, 'User has no field "constructor"'],
      ['an unknown operator', { age: { $gt: 1 } }, 'unknown operator "$gt"'],
      ['an inherited operator', { age: { toString: 1 } }, 'unknown operator "toString"'],
      ['an operator for a value', { age: { eq: { gt: 1 } } }, 'User.age: expected a whole number'],
      ['SQL in a name', { 'age" or 1=1 --': 1 }, 'User has no field'],
      ['SQL in a path', { 'team.name" --': 1 }, 'Team has no field'],
      ['a path that leads nowhere', { 'email.x': 1 }, 'User.email is not a reference'],
      ['a long path', { 'team.lead.team.lead.team.lead.team': 'x' }, 'more than 5 references'],
      ['too many values', { age: { in: Array.from({ length: 10_001 }, (_, i) => i) } }, 'at most 10000'],
      ['too many conditions', Object.fromEntries([['age', Object.fromEntries([['ge', 1]])]]), ''],
      ['a list', [{ age: 1 }], 'a filter of User must be an object'],
      ['a text', 'age = 1', 'a filter of User must be an object'],
      ['a broken expression', { name: { matches: '(' } }, 'not a valid RE2 regular expression'],
      ['a back reference', { name: { matches: '(a)\\1' } }, 'not a valid RE2 regular expression'],
      ['a long expression', { name: { matches: 'a'.repeat(1_001) } }, 'at most 1000 characters'],
      ['an expression that grows', { name: { matches: '((a{100}){100}){100}' } }, 'not a valid RE2 regular expression'],
    ]
    for (const [what, filter, message] of hostile.filter(([, , text]) => text !== '')) {
      it(`refuses ${what}`, async () => {
        const error = await failureOf(client.runAction(Search, { filter }))
        expect(error).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include(message)
      })
    }

    it('refuses conditions where the action did not say that it may have some', async () => {
      for (const filter of [{ email: { contains: 'a' } }, { age: { max: true } }, { age: { ge: 0 } }]) {
        expect(await client.runAction(Search, { filter })).to.be.a('number')
        const error = await failureOf(client.runAction(ByValues, { filter }))
        expect(error).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include('parseFilter() reads a filter that a client sent')
      }
    })

    it('refuses more conditions than a hundred', async () => {
      const operators = { eq: 1, ne: 1, gt: 1, ge: 1, lt: 1, le: 1 }
      const paths = ['', 'team.lead.', 'team.lead.team.lead.'].flatMap((path) => [`${path}age`, `${path}score`])
      const wide = Object.fromEntries(paths.map((path) => [path, operators]))
      expect(await client.runAction(Search, { filter: wide })).to.equal(0)
      const wider = { ...wide, name: { in: ['x'] }, ...manyTexts() }
      expect((await failureOf(client.runAction(Search, { filter: wider }))).message).to.include('more than 100')
    })

    for (const options of [
      { sort: 'password' },
      { sort: 'age; drop table User' },
      { sort: 7 },
      { limit: -1 },
      { limit: '1' },
      { offset: 1.5 },
    ]) {
      it(`refuses the options ${JSON.stringify(options)}`, async () => {
        const error = await failureOf(client.runAction(ByValues, { filter: {}, options }))
        expect(error).to.be.instanceOf(InvalidDataError)
      })
    }

    it('is not held up by an expression that backtracks elsewhere', async () => {
      await harness.server.db.transaction((db) => db.create(User, { email: 'a@b', name: `${'a'.repeat(50_000)}!` }))
      const startedAt = performance.now()
      expect(await client.runAction(Search, { filter: { name: { matches: '^(a+)+$' } } })).to.equal(0)
      expect(performance.now() - startedAt).to.be.lessThan(10_000)
    })

    function manyTexts(): object {
      const each = { eq: 'x', ne: 'x', gt: 'x', ge: 'x', lt: 'x', le: 'x' }
      const texts = ['', 'team.lead.', 'team.lead.team.lead.'].flatMap((path) => [
        `${path}email`,
        `${path}pk`,
        `${path}role`,
        `${path}name`,
      ])
      return Object.fromEntries(texts.map((path) => [path, each]))
    }
  })
})

describe('A server with data', function () {
  this.timeout(120_000)

  it('has a store for tasks from its start to its end', async () => {
    const seen: number[] = []
    class Fill extends StartupTask {
      override async run({ server }: TaskContext): Promise<void> {
        await server.db.transaction((db) => db.create(Team, { name: 'first' }))
      }
    }
    class Count extends ShutdownTask {
      override async run({ server }: TaskContext): Promise<void> {
        seen.push(await server.db.transaction((db) => db.count(Team)))
      }
    }
    const server = new Server({ address: 'memory:x', network: new MemoryNetwork(), features: [data({ models })] })
    server.addTask(new Fill()).addTask(new Count())
    await server.listen()
    await server.shutdown()
    expect(seen).to.deep.equal([1])
    expect(() => server.db[beginUnit]({ signal: undefined, label: 'late' })).to.throw(
      ServerError,
      'this database was closed',
    )
  })

  it('does not listen where its store cannot be opened', async () => {
    const url = 'postgres://isock@127.0.0.1:1/none'
    const server = new Server({
      address: 'memory:x',
      network: new MemoryNetwork(),
      features: [data({ models, url, waitMs: 500 })],
    })
    const error = await failureOf(server.listen())
    expect(error.message).to.include('the store cannot be opened')
    await server.shutdown()
  })

  const wrong: [string, object, string][] = [
    ['no list of models', {}, 'option data.models: expected a list of classes that extend Model'],
    ['what is no model', { models: [Date] }, 'option data.models: expected classes that extend Model'],
    [
      'two models of one name',
      {
        models: [
          Team,
          User,
          class extends Model {
            static override modelName = 'team'
          },
        ],
      },
      'two models are called',
    ],
    [
      'a reference to what is not a model of it',
      { models: [Team] },
      'model "Team": lead refers to "User", which is not among',
    ],
    ['another scheme', { models, url: 'mysql://root:secret@host/db' }, 'option data.url: expected memory:'],
    ['a directory for a file', { models, url: 'file:x.db', directory: 'y' }, 'option data.directory'],
    ['persistence without a directory', { models, persist: 'shutdown' }, 'option data.persist'],
    ['another format', { models, format: 'xml' }, 'option data.format'],
    ['a negative wait', { models, waitMs: -1 }, 'option data.waitMs'],
    ['SQL for a schema', { models, url: 'postgres://h/d', schema: 'a"; drop' }, 'option data.schema'],
    [
      'a field that is no field',
      {
        models: [
          class Odd extends Model {
            count = 0
          },
        ],
      },
      'count is not declared with field.text()',
    ],
    [
      'a shared default',
      {
        models: [
          class Odd extends Model {
            tags = field.list('text', { default: [] })
          },
        ],
      },
      'which all rows would share',
    ],
    [
      'a name that is none',
      {
        models: [
          class Odd extends Model {
            'a b' = field.text()
          },
        ],
      },
      'is not a valid name for a model or field',
    ],
  ]
  for (const [what, options, message] of wrong) {
    it(`refuses ${what} at once`, () => {
      expect(() => new Server({ features: [data(options as never)] })).to.throw(message)
    })
  }

  it('never shows the password of a URL', () => {
    for (const url of ['mysql://root:secret@host/db', 'postgres://root:secret@ho st:99999/db']) {
      try {
        new Server({ features: [data({ models, url })] })
        expect.fail('it was taken')
      } catch (error) {
        expect(String(error)).to.not.include('secret')
      }
    }
  })

  it('does not let rows be made by hand', () => {
    expect(() => new (Team as unknown as new () => Team)()).to.throw('rows are made by db.create(Team')
  })
})

describe('A server without data', () => {
  it('says so where an action asks for it, and does not load the engine', async () => {
    await using harness = await createHarness({ actions: [new ListTeams()] })
    const error = await failureOf(harness.client.runAction(ListTeams))
    expect(error).to.be.instanceOf(ServerError)
    expect(error.message).to.equal(
      "context.db needs the feature data: create the server with { features: [data({ models: [...] })] }, with data from 'isock/data'",
    )
    expect(() => harness.server.db).to.throw(ServerError, 'server.db needs the feature data')
  })

  it('refuses a database that is not open, and one that was closed', async () => {
    const database = new Database({ models })
    expect(await failureOf(database.transaction(() => 1))).to.be.instanceOf(ServerError)
    await database.open()
    await database.close()
    await database.close()
    expect((await failureOf(database.open())).message).to.include('was closed')
  })
})

describe('Changes of data', function () {
  this.timeout(120_000)

  class TeamNews extends Channel<Change> {}
  class Club extends Model {
    static override publishes = TeamNews
    name = field.text({ unique: true })
    pin = field.password({ optional: true })
  }
  class Fan extends Model {
    club = field.ref(() => Club)
  }
  class Change_ extends Action {
    async action({ fail = false }: { fail?: boolean }, { db }: Context): Promise<void> {
      const club = await db.create(Club, { name: 'a', pin: '1234' })
      club.name = 'b'
      await db.flush()
      await failureOf(db.create(Club, { name: 'b' }))
      await db.create(Fan, { club })
      await failureOf(db.drop(club))
      const gone = await db.create(Club, { name: 'gone' })
      await db.drop(gone)
      if (fail) throw new Error('no')
    }
  }
  class Later extends Action {
    async action(_: undefined, { db }: Context): Promise<void> {
      await db.update(Club, { name: 'b' }, { name: 'c' })
      await db.commit()
      await db.drop(Club, { name: 'c' }, { cascade: ['Fan.club'] })
    }
  }

  it('are published once they are committed, one for each row, and never for what was rolled back', async () => {
    await using harness = await createHarness({
      actions: [new Change_(), new Later()],
      server: { features: [data({ models: [Club, Fan] })] },
    })
    harness.server.addChannel(new TeamNews())
    const news: Change[] = []
    const subscription = await harness.client.subscribe(TeamNews, (change) => {
      news.push(change)
    })
    await failureOf(harness.client.runAction(Change_, { fail: true }))
    await harness.client.runAction(Change_, {})
    await harness.client.runAction(Later)
    await waitFor(() => news.length >= 3, { what: 'the news' })
    expect(news.map(({ change, row }) => [change, row['name']])).to.deep.equal([
      ['created', 'b'],
      ['updated', 'c'],
      ['dropped', 'c'],
    ])
    expect(news[0]).to.have.keys('model', 'change', 'pk', 'row')
    expect(JSON.stringify(news)).to.not.include('argon2')
    await subscription.unsubscribe()
  })

  it('that cannot be published are reported, and kept', async () => {
    const reported: string[] = []
    await using harness = await createHarness({
      actions: [new Change_()],
      server: {
        features: [data({ models: [Club, Fan] })],
        onError: (_error, { origin }) => void reported.push(String(origin)),
      },
    })
    await harness.client.runAction(Change_, {})
    expect(await harness.server.db.transaction((db) => db.count(Club))).to.equal(1)
    expect(reported).to.deep.equal(['publishing a change of data'])
  })
})
