// Small writes that share their commits: which of them are in one transaction, and what a failure does to the others.
import { expect } from 'chai'
import { BusyError, IsockError } from 'isock'
import { deferred } from '../../../lib/core/base/deferred.ts'
import type { DurableStore, Run } from '../../../lib/features/data/durable/durable-store.ts'
import { SharedCommits } from '../../../lib/features/data/durable/shared-commits.ts'

/** Notes what each transaction did. Statements that are named fail, and so do transactions. */
class FakeStore {
  readonly transactions: string[][] = []
  /** The errors of the next transactions. */
  readonly failures: unknown[] = []
  readonly wrong = new Set<string>()
  /** The next transaction commits after this. */
  gate: Promise<void> = Promise.resolve()

  readonly store = {
    transaction: async <T>(work: (run: Run) => Promise<T>): Promise<T> => {
      const done: string[] = []
      this.transactions.push(done)
      const result = await work(async (sql) => {
        done.push(sql)
        if (this.wrong.has(sql)) throw new Error(`${sql} is wrong`)
        return []
      })
      await this.gate
      const failure = this.failures.shift()
      if (failure !== undefined) throw failure
      return result
    },
  } as unknown as DurableStore
}

describe('Commits that small writes share', () => {
  let fake: FakeStore
  let commits: SharedCommits

  beforeEach(() => {
    fake = new FakeStore()
    commits = new SharedCommits(fake.store)
  })

  const add = (sql: string): Promise<string> => commits.add((run) => run(sql).then(() => `did ${sql}`))
  const outcomes = async (all: readonly Promise<string>[]): Promise<string[]> =>
    (await Promise.allSettled(all)).map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message))

  it('begin after the tick, in which all have been added', async () => {
    const writes = ['a', 'b', 'c'].map(add)
    expect(fake.transactions).to.deep.equal([])
    expect(await outcomes(writes)).to.deep.equal(['did a', 'did b', 'did c'])
    expect(fake.transactions).to.deep.equal([['a', 'b', 'c']])
    expect(await add('d')).to.equal('did d')
    expect(fake.transactions).to.deep.equal([['a', 'b', 'c'], ['d']])
  })

  it('are one at a time: what comes meanwhile is in the next one', async () => {
    const gate = deferred<void>()
    fake.gate = gate.promise
    const first = add('a')
    await new Promise((resolve) => setImmediate(resolve))
    const later = [add('b'), add('c')]
    await new Promise((resolve) => setImmediate(resolve))
    expect(fake.transactions).to.deep.equal([['a']])
    gate.resolve()
    expect(await outcomes([first, ...later])).to.deep.equal(['did a', 'did b', 'did c'])
    expect(fake.transactions).to.deep.equal([['a'], ['b', 'c']])
  })

  it('have at most 128 writes', async () => {
    await Promise.all(Array.from({ length: 257 }, (_, i) => add(String(i))))
    expect(fake.transactions.map((done) => done.length)).to.deep.equal([128, 128, 1])
    fake.transactions.length = 0
    await Promise.all(Array.from({ length: 128 }, (_, i) => add(String(i))))
    expect(fake.transactions.map((done) => done.length)).to.deep.equal([128])
  })

  it('are done again for each write alone if one fails, which alone fails', async () => {
    fake.wrong.add('b')
    expect(await outcomes(['a', 'b', 'c'].map(add))).to.deep.equal(['did a', 'b is wrong', 'did c'])
    expect(fake.transactions).to.deep.equal([['a', 'b'], ['a'], ['b'], ['c']])
  })

  it('are not done again for a write that was alone', async () => {
    fake.wrong.add('a')
    expect(await outcomes([add('a')])).to.deep.equal(['a is wrong'])
    expect(fake.transactions).to.deep.equal([['a']])
    fake.wrong.clear()
    expect(await add('a')).to.equal('did a')
  })

  it('fail together if the store is away, and are not tried again', async () => {
    fake.failures.push(new IsockError('STORE_UNAVAILABLE', 'the store is away'))
    expect(await outcomes(['a', 'b'].map(add))).to.deep.equal(['the store is away', 'the store is away'])
    expect(fake.transactions).to.deep.equal([['a', 'b']])
  })

  it('are done again after another error of the library, or one with the same code that is not of the library', async () => {
    fake.failures.push(new BusyError('busy'))
    expect(await outcomes(['a', 'b'].map(add))).to.deep.equal(['did a', 'did b'])
    fake.failures.push(Object.assign(new Error('away'), { code: 'STORE_UNAVAILABLE' }))
    expect(await outcomes(['a', 'b'].map(add))).to.deep.equal(['did a', 'did b'])
    expect(fake.transactions).to.deep.equal([['a', 'b'], ['a'], ['b'], ['a', 'b'], ['a'], ['b']])
  })
})
