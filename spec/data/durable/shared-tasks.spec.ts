// Interval and cron tasks of several servers that share a store: each run is done once.
import { expect } from 'chai'
import { CronTask, IntervalTask, Server, type TaskContext } from 'isock'
import { Database, data, field, Model } from 'isock/data'
import { durableStore } from '../../../lib/features/data/database.ts'
import { ClaimRows } from '../../../lib/features/data/durable/claim-rows.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { stores, type TestStore } from '../stores.ts'

class Note extends Model {
  static override modelName = 'Note'
  text = field.text()
}

/** The runs of all servers: `server at time`. */
const runs: string[] = []

class EverySecond extends CronTask {
  static override taskName = 'EverySecond'
  readonly pattern = '* * * * * *'
  readonly server: string
  override readonly scope: 'cluster' | 'node'

  constructor(server: string, scope: 'cluster' | 'node' = 'cluster') {
    super()
    this.server = server
    this.scope = scope
  }

  override run(): void {
    runs.push(this.server)
  }
}

class Often extends IntervalTask {
  static override taskName = 'Often'
  override readonly runsAtOnce = true
  readonly server: string

  constructor(server: string) {
    super()
    this.server = server
  }

  override intervalMs(): number {
    return 5
  }

  override run({ signal }: TaskContext): void {
    if (!signal.aborted) runs.push(this.server)
  }
}

for (const kind of stores)
  describe(`Tasks of servers that share ${kind.name}`, () => {
    let store: TestStore
    let servers: Server[] = []
    const isShared = kind.name !== 'libsql in memory'

    before(async function () {
      store = await kind.make(this)
    })

    after(() => store?.remove())

    beforeEach(() => {
      runs.length = 0
      servers = []
    })

    afterEach(() => Promise.all(servers.map((server) => server.shutdown({ graceMs: 1_000 }))))

    const serve = async (task: CronTask | IntervalTask): Promise<Server> => {
      const server = new Server('127.0.0.1', 0, { features: [data({ models: [Note], ...store.options })] })
      servers.push(server)
      server.addTask(task)
      await server.listen()
      return server
    }

    it(`run at a time of a pattern ${isShared ? 'once' : 'on each, as each is alone'}`, async () => {
      for (const name of ['a', 'b', 'c']) await serve(new EverySecond(name))
      runs.length = 0
      const startedAt = Date.now()
      // A busy machine runs them late, but no time comes more often for that. Timers may be some milliseconds early.
      const times = (): number => Math.floor((Date.now() + 50) / 1_000) - Math.floor(startedAt / 1_000)
      await waitFor(() => times() >= 3 && runs.length >= 2, { timeoutMs: 8_000 })
      if (isShared) expect(runs.length).to.be.at.most(times())
      else await waitFor(() => runs.length > times(), { timeoutMs: 8_000 })
    })

    it('run on each where they say so', async () => {
      for (const name of ['a', 'b']) await serve(new EverySecond(name, 'node'))
      await waitFor(() => runs.filter((run) => run === 'a').length >= 2, { timeoutMs: 8_000 })
      await waitFor(() => runs.filter((run) => run === 'b').length >= 2, { timeoutMs: 8_000 })
    })

    if (!isShared) return

    it('run at intervals on one, and on another when that one stops', async () => {
      const first = await serve(new Often('first'))
      await waitFor(() => runs.length > 3)
      await serve(new Often('second'))
      const before = runs.length
      await waitFor(() => runs.length > before + 10)
      expect(new Set(runs)).to.deep.equal(new Set(['first']))
      await first.shutdown({ graceMs: 1_000 })
      await waitFor(() => runs.at(-1) === 'second')
      expect(runs.lastIndexOf('first')).to.be.below(runs.indexOf('second'))
    })

    it('have a server that died as their own until its lease has ended', async () => {
      const database = await new Database({ models: [Note], ...store.options }).open()
      try {
        const [dead, other] = ['dead', 'other'].map((life) => new ClaimRows(() => database[durableStore](), life))
        expect(await dead?.hold('a task', 300)).to.equal(true)
        expect(await dead?.hold('a task', 300), 'its own').to.equal(true)
        expect(await other?.hold('a task', 300)).to.equal(false)
        await waitFor(() => other?.hold('a task', 60_000), { what: 'the lease to end' })
        expect(await dead?.hold('a task', 300), 'it was not dead').to.equal(false)
        await dead?.release('a task')
        expect(await dead?.hold('a task', 300), "another's is not its to release").to.equal(false)
        expect(await dead?.claim('a task', 1_000)).to.equal(true)
        expect(await other?.claim('a task', 1_000)).to.equal(false)
        expect(await dead?.claim('a task', 1_000), 'asked again, as after a lost answer').to.equal(true)
      } finally {
        await database.close()
      }
    })

    it('are refused in a scope that there is not', async () => {
      const server = new Server('127.0.0.1', 0)
      servers.push(server)
      expect(() => server.addTask(new EverySecond('a', 'all' as 'node'))).to.throw(
        /scope of task "EverySecond": expected 'cluster' or 'node'/,
      )
    })
  })
