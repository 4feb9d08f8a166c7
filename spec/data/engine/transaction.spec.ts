// The transaction of a unit of work by itself: what it asks of the store in which order, and that nothing of it stays where it fails.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { CancelledError, OutcomeUnknownError } from 'isock'
import { StoreUnavailableError } from 'isock/data'
import { monotonicNow } from '../../../lib/core/base/platform-timers.ts'
import type { ChangeLog } from '../../../lib/features/data/engine/change-log.ts'
import type { Engine, Holder, Manager } from '../../../lib/features/data/engine/engine.ts'
import { Transaction } from '../../../lib/features/data/engine/transaction.ts'
import { failureOf } from '../../setup/world.ts'

/** As the driver says it. */
const connectionEnded = Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' })
const refused = Object.assign(new Error('duplicate key'), { code: '23505' })

/** What there is of a manager and a change log for a transaction; it writes down what it is asked, and fails where it is told to. */
class Store {
  readonly asked: string[] = []
  readonly fails = new Map<string, Error>()
  readonly transactions = new Set<Holder>()
  isPostgres = true
  isClosed = false
  changes = 0
  context: object | undefined
  whileBeginning: () => void = () => undefined

  readonly manager = {
    begin: () => {
      this.whileBeginning()
      return this.#ask('begin', () => {
        this.context = { client: { acquireConnection: async () => ({ processID: 7 }) } }
      })
    },
    // Where it fails, what MikroORM has of the transaction stays.
    rollback: () =>
      this.#ask('rollback', () => {
        this.context = undefined
      }),
    isInTransaction: () => this.context !== undefined,
    getTransactionContext: () => this.context,
    setTransactionContext: (context: undefined) => {
      this.context = context
    },
    getConnection: () => ({
      commit: (context: object) => this.#ask(context === this.context ? 'commit' : 'commit of another'),
      execute: (sql: string) => this.#ask(sql),
      getKnex: () => ({ client: this.#besideThePool }),
    }),
  } as unknown as Manager

  readonly log = {
    get length() {
      return 0
    },
    forgetFrom: (length: number) => void this.asked.push(`forget from ${length}`),
    publish: async () => {
      await nextTurn()
      this.asked.push('publish')
    },
  } as unknown as ChangeLog

  get engine(): Engine {
    const { transactions, isPostgres, isClosed, manager } = this
    return { transactions, isPostgres, isClosed, fork: () => manager } as unknown as Engine
  }

  /** What it finds where it is asked whether something is so. */
  found = false
  #isBusy = false

  /** Takes one thing after the other: a connection that is asked meanwhile is not waited for. */
  async #ask(what: string, done: () => void = () => undefined): Promise<unknown[]> {
    this.asked.push(this.#isBusy ? `${what}, too early` : what)
    this.#isBusy = true
    await nextTurn()
    this.#isBusy = false
    const failure = this.fails.get(what)
    if (failure !== undefined) throw failure
    done()
    return [{ found: this.found }]
  }

  readonly #besideThePool = {
    acquireRawConnection: async () => ({
      query: async (sql: string, values: unknown[]) => void this.asked.push(`${sql} ${values.join()}`),
    }),
    destroyRawConnection: async () => void this.asked.push('let go of the connection'),
  }
}

describe('A transaction', () => {
  const holder = { label: 'action "buy"' } as Holder
  let store: Store
  let abort: AbortController
  let aborted: number

  beforeEach(() => {
    store = new Store()
    abort = new AbortController()
    aborted = 0
  })

  const make = () =>
    new Transaction(store.engine, {
      holder,
      changes: store.log,
      signal: abort.signal,
      onAbort: () => void aborted++,
    })
  const asked = () => store.asked.splice(0)
  const expectOver = (transaction: Transaction) => {
    expect([transaction.isOpen, transaction.isBeginning, transaction.heldMs]).to.deep.equal([false, false, 0])
    expect([...store.transactions], 'units that hold something').to.deep.equal([])
    expect(store.manager.isInTransaction(), 'what MikroORM has of it').to.equal(false)
    abort.abort()
    expect(aborted, 'told of an abort').to.equal(0)
  }

  it('begins with its first work, has a savepoint for each one after it, and ends with the commit', async () => {
    const transaction = make()
    let begun: unknown[] = []
    store.whileBeginning = () => {
      begun = [transaction.isBeginning, transaction.isOpen]
    }
    await transaction.commit()
    expect(asked(), 'there is nothing to commit').to.deep.equal([])
    expect(await transaction.allOrNothing(async () => 'one')).to.equal('one')
    expect(begun).to.deep.equal([true, false])
    expect([transaction.isBeginning, transaction.isOpen]).to.deep.equal([false, true])
    expect([...store.transactions]).to.deep.equal([holder])
    await transaction.allOrNothing(async () => 'two')
    await transaction.allOrNothing(async () => 'three')
    await transaction.commit()
    expect(asked()).to.deep.equal([
      'begin',
      'savepoint unit_1',
      'release savepoint unit_1',
      'savepoint unit_2',
      'release savepoint unit_2',
      'commit',
      'publish',
    ])
    expectOver(transaction)
  })

  it('takes back what failed, and all of it where that was the first', async () => {
    const transaction = make()
    const fail = async () => {
      throw refused
    }
    expect(await failureOf(transaction.allOrNothing(fail))).to.equal(refused)
    expect(asked()).to.deep.equal(['begin', 'forget from 0', 'forget from 0', 'rollback'])
    expect(transaction.isOpen).to.equal(false)
    await transaction.allOrNothing(async () => undefined)
    expect(await failureOf(transaction.allOrNothing(fail))).to.equal(refused)
    expect(asked()).to.deep.equal(['begin', 'savepoint unit_1', 'forget from 0', 'rollback to savepoint unit_1'])
    // It fails only when that was taken back: what follows would come too early.
    expect(await failureOf(transaction.allOrNothing(fail))).to.equal(refused)
    expect(asked()).to.deep.equal(['savepoint unit_2', 'forget from 0', 'rollback to savepoint unit_2'])
    expect(transaction.isOpen).to.equal(true)
    await transaction.rollBack()
    expectOver(transaction)
  })

  it('asks nothing more of a connection that was lost', async () => {
    const transaction = make()
    await transaction.allOrNothing(async () => undefined)
    asked()
    const lost = async () => {
      throw connectionEnded
    }
    expect(await failureOf(transaction.allOrNothing(lost))).to.equal(connectionEnded)
    expect(asked()).to.deep.equal(['savepoint unit_1'])
    await transaction.abandon()
    expectOver(transaction)
    asked()
    await transaction.abandon()
    expect(asked(), 'it has gone already').to.deep.equal([])
  })

  it('has gone with its connection where the store cannot take it back', async () => {
    const transaction = make()
    await transaction.allOrNothing(async () => undefined)
    store.fails.set('rollback', connectionEnded)
    await transaction.rollBack()
    expectOver(transaction)
  })

  it('is taken back once, and waited for by all who ask', async () => {
    const transaction = make()
    await transaction.allOrNothing(async () => undefined)
    asked()
    const first = transaction.rollBack()
    expect(transaction.rollBack()).to.equal(first)
    await first
    expect(asked()).to.deep.equal(['forget from 0', 'rollback', 'forget from 0'])
    expectOver(transaction)
  })

  it('tells its unit of an abort while it is open', async () => {
    const transaction = make()
    await transaction.allOrNothing(async () => undefined)
    abort.abort()
    expect(aborted).to.equal(1)
    await transaction.rollBack()
  })

  it('is not committed for one who has gone', async () => {
    const transaction = make()
    await transaction.allOrNothing(async () => undefined)
    asked()
    abort.abort(new CancelledError('gone'))
    expect(await failureOf(transaction.commit())).to.equal(abort.signal.reason)
    expect(asked()).to.deep.equal([])
    await transaction.rollBack()
  })

  it('fails at the commit as the store says; where a server was lost, nobody knows', async () => {
    for (const [isPostgres, failure] of [
      [true, connectionEnded],
      [false, connectionEnded],
      [true, refused],
      [false, refused],
    ] as const) {
      store = new Store()
      store.isPostgres = isPostgres
      const transaction = make()
      await transaction.allOrNothing(async () => undefined)
      store.fails.set('commit', failure)
      const error = await failureOf(transaction.commit())
      if (isPostgres && failure === connectionEnded) expect(error).to.be.instanceOf(OutcomeUnknownError)
      else expect(error).to.equal(failure)
      expect(asked()).to.not.include('publish')
      await transaction.rollBack()
    }
  })

  it('is over as it begins where nobody waits for it any more', async () => {
    const reason = new CancelledError('gone')
    const cases: [what: string, happens: (transaction: Transaction) => void, expected: string][] = [
      ['its signal aborts', () => abort.abort(reason), 'gone'],
      ['it is given up', (transaction) => void transaction.rollBackAfter(undefined), 'this unit of work ended'],
    ]
    for (const [what, happens, expected] of cases) {
      store = new Store()
      abort = new AbortController()
      const transaction = make()
      store.whileBeginning = () => happens(transaction)
      const error = await failureOf(transaction.allOrNothing(async () => void store.asked.push('work')))
      expect(error.message, what).to.contain(expected)
      const done = asked()
      expect(done, what).to.not.include('work')
      expect(done, what).to.include.members(['begin', 'rollback'])
      expectOver(transaction)
    }
  })

  it('is over as it begins where the database was closed meanwhile', async () => {
    store.isClosed = true
    const transaction = make()
    const error = await failureOf(transaction.allOrNothing(async () => undefined))
    expect(error.message).to.contain('the database was closed')
    expectOver(transaction)
  })

  it('can begin again where it did not come to begin', async () => {
    const transaction = make()
    store.fails.set('begin', connectionEnded)
    expect(await failureOf(transaction.allOrNothing(async () => undefined))).to.equal(connectionEnded)
    expectOver(transaction)
    store.fails.clear()
    abort = new AbortController()
    const next = make()
    await next.allOrNothing(async () => undefined)
    expect(next.isOpen).to.equal(true)
    await next.rollBack()
  })

  it('is rolled back only after the statement that runs', async () => {
    store.isPostgres = false
    const transaction = make()
    await transaction.allOrNothing(async () => undefined)
    asked()
    let endStatement: () => void = () => undefined
    const statement = new Promise<void>((resolve) => {
      endStatement = resolve
    })
    const rolledBack = transaction.rollBackAfter(statement)
    await nextTurn()
    expect(asked()).to.deep.equal([])
    endStatement()
    await rolledBack
    expect(asked()).to.deep.equal(['forget from 0', 'rollback'])
    expect((await failureOf(transaction.allOrNothing(async () => undefined))).message).to.contain(
      'ended with its action',
    )
    expectOver(transaction)
  })

  it('cancels the statement that runs in PostgreSQL, over a connection that it lets go of', async () => {
    const cancelled = ['select pg_cancel_backend($1) 7', 'let go of the connection']
    const transaction = make()
    await transaction.rollBackAfter(Promise.resolve())
    expect(asked(), 'none that holds nothing').to.deep.equal(['forget from 0'])
    const open = make()
    await open.allOrNothing(async () => undefined)
    asked()
    await open.rollBackAfter(Promise.resolve())
    expect(asked()).to.deep.equal([...cancelled, 'forget from 0', 'rollback'])
    expectOver(open)
    abort = new AbortController()
    const quiet = make()
    await quiet.allOrNothing(async () => undefined)
    asked()
    await quiet.rollBackAfter(undefined)
    expect(asked(), 'none where none runs').to.deep.equal(['forget from 0', 'rollback'])
    abort = new AbortController()
    const cut = make()
    await cut.allOrNothing(async () => undefined)
    asked()
    await cut.rollBackNow()
    expect(asked()).to.deep.equal([...cancelled, 'forget from 0', 'rollback'])
    expectOver(cut)
  })

  it('knows whether others wait for what it has, and that it has nothing before it begins', async () => {
    const transaction = make()
    const other = make()
    store.found = true
    expect(await transaction.isWaitedFor()).to.equal(false)
    expect(await transaction.locksOut(other)).to.equal(false)
    await transaction.allOrNothing(async () => undefined)
    expect(await transaction.locksOut(other), 'one that has not begun waits for no lock').to.equal(false)
    await other.allOrNothing(async () => undefined)
    expect([await transaction.isWaitedFor(), await transaction.locksOut(other)]).to.deep.equal([true, true])
    store.found = false
    expect([await transaction.isWaitedFor(), await transaction.locksOut(other)]).to.deep.equal([false, false])
    await Promise.all([transaction.rollBack(), other.rollBack()])
  })

  it('says how long it has held what others wait for', async () => {
    const transaction = make()
    const before = monotonicNow()
    await transaction.allOrNothing(async () => undefined)
    expect(transaction.heldMs).to.be.within(0, monotonicNow() - before)
    await transaction.rollBack()
    expect(transaction.heldMs).to.equal(0)
  })

  it('needs no signal', async () => {
    const transaction = new Transaction(store.engine, {
      holder,
      changes: store.log,
      signal: undefined,
      onAbort: () => undefined,
    })
    await transaction.allOrNothing(async () => undefined)
    await transaction.commit()
    await transaction.allOrNothing(async () => undefined)
    await transaction.rollBack()
    expect(transaction.isOpen).to.equal(false)
    store.isClosed = true
    const closed = new Transaction(store.engine, {
      holder,
      changes: store.log,
      signal: undefined,
      onAbort: () => undefined,
    })
    expect((await failureOf(closed.allOrNothing(async () => undefined))).message).to.contain('was closed')
  })

  it('tells a unit what it broke of', () => {
    const unknown = new OutcomeUnknownError('who knows')
    const full = Object.assign(new Error('disk'), { code: 'SQLITE_FULL' })
    const busy = Object.assign(new Error('busy'), { code: 'SQLITE_BUSY' })
    const transaction = make()
    expect(transaction.broken(unknown)).to.equal(unknown)
    expect(transaction.broken(full).message).to.contain('the disk of the store is full').and.contain('was kept')
    expect(transaction.broken(busy).message).to.contain('the connection to the store was lost')
    store.isPostgres = false
    const ofLibsql = make()
    expect(ofLibsql.broken(busy).message).to.contain('the store was busy').and.contain('was kept')
    expect(ofLibsql.broken(connectionEnded).message).to.contain('the connection to the store was lost')
    for (const error of [full, busy]) expect(ofLibsql.broken(error)).to.be.instanceOf(StoreUnavailableError)
  })
})
