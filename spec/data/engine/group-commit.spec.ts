// Transactions that share a COMMIT, over a connection that writes down what it is asked for.
import { expect } from 'chai'
import { platformClock } from '../../../lib/core/base/clock.ts'
import { deferred } from '../../../lib/core/base/deferred.ts'
import { settlesWithin } from '../../../lib/core/base/settles-within.ts'
import { Checkpoints } from '../../../lib/features/data/engine/libsql/checkpoints.ts'
import { beginMember, GroupCommit } from '../../../lib/features/data/engine/libsql/group-commit.ts'
import { KeptStatements } from '../../../lib/features/data/engine/libsql/kept-statements.ts'
import type { RawConnection } from '../../../lib/features/data/engine/libsql/raw-connection.ts'
import { WriteLock } from '../../../lib/features/data/engine/libsql/write-lock.ts'
import { failureOf } from '../../setup/world.ts'

class FakeConnection implements RawConnection {
  readonly statements: string[] = []
  inTransaction = false
  file: string | undefined = 'a file'
  readonly kept = new KeptStatements()
  isReleased = false
  /** Errors of the next statements, by their text. */
  readonly faults = new Map<string, Error>()

  exec(sql: string): void {
    this.statements.push(sql)
    const fault = this.faults.get(sql)
    this.faults.delete(sql)
    if (fault !== undefined) throw fault
    if (sql === 'begin immediate') this.inTransaction = true
    if (sql === 'commit' || sql === 'rollback') this.inTransaction = false
  }

  async execLater(sql: string): Promise<void> {
    this.exec(sql)
  }

  prepare(): unknown {
    return undefined
  }

  close(): void {}
}

class World {
  readonly lock = new WriteLock(5_000)
  readonly checkpoints = new Checkpoints()
  readonly groups: GroupCommit
  readonly connections: FakeConnection[] = []
  /** The next connection cannot be had. */
  fault: Error | undefined
  nowMs = 0

  constructor(durability: 'full' | 'normal' = 'full') {
    this.groups = new GroupCommit({
      writeLock: this.lock,
      waitMs: 1_000,
      durability,
      checkpoints: this.checkpoints,
      now: () => this.nowMs,
    })
  }

  async acquireConnection(): Promise<FakeConnection> {
    if (this.fault !== undefined) throw this.fault
    const connection = new FakeConnection()
    this.connections.push(connection)
    return connection
  }

  releaseConnection(connection: RawConnection): void {
    ;(connection as FakeConnection).isReleased = true
  }

  /** A transaction with one statement. */
  run(name: string, work: (connection: RawConnection) => Promise<boolean> | boolean = () => true): Promise<void> {
    return this.groups.run(this, `transaction ${name}`, async (connection) => {
      beginMember(connection)
      connection.exec(name)
      await connection.member?.end(await work(connection))
    })
  }

  /** What all connections were asked for, one after the other. */
  get statements(): string[] {
    return this.connections.flatMap(({ statements }) => statements)
  }

  expectIdle(): void {
    expect(this.connections.every(({ isReleased, inTransaction }) => isReleased && !inTransaction)).to.equal(true)
    expect(this.lock.waitingCount).to.equal(0)
  }
}

const undo = ['rollback to savepoint member', 'release savepoint member']
const member = (name: string): string[] => ['savepoint member', name, 'release savepoint member']

describe('Group commit', () => {
  it('commits immediately where nobody waits', async () => {
    const world = new World()
    await world.run('a')
    await world.run('b')
    expect(world.statements).to.deep.equal([
      'begin immediate',
      ...member('a'),
      'commit',
      'begin immediate',
      ...member('b'),
      'commit',
    ])
    world.expectIdle()
  })

  it('commits those that wait together once, and answers none of them before', async () => {
    const world = new World()
    const answered: string[] = []
    await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        await world.run(name)
        answered.push(`${name} after ${world.statements.at(-1)}`)
      }),
    )
    expect(world.statements).to.deep.equal([
      'begin immediate',
      ...member('a'),
      ...member('b'),
      ...member('c'),
      'commit',
    ])
    expect(answered).to.deep.equal(['a after commit', 'b after commit', 'c after commit'])
    world.expectIdle()
  })

  it('rolls back one of them alone', async () => {
    const world = new World()
    await Promise.all([world.run('a'), world.run('b', () => false), world.run('c')])
    const undone = ['savepoint member', 'b', ...undo]
    expect(world.statements).to.deep.equal(['begin immediate', ...member('a'), ...undone, ...member('c'), 'commit'])
    world.expectIdle()
  })

  it('rolls back one that ends without a word, and one alone needs no COMMIT for it', async () => {
    const world = new World()
    const failure = failureOf(
      world.groups.run(world, 'x', async (connection) => {
        beginMember(connection)
        throw new Error('it breaks')
      }),
    )
    expect((await failure)?.message).to.equal('it breaks')
    expect(world.statements.slice(-3)).to.deep.equal([...undo, 'rollback'])
    world.expectIdle()
  })

  it('fails all of them where the COMMIT fails, and none that were rolled back', async () => {
    const world = new World()
    const fault = new Error('the disk is full')
    const all = [
      failureOf(world.run('a', (connection) => !!(connection as FakeConnection).faults.set('commit', fault))),
      world.run('b', () => false).then(() => undefined),
      failureOf(world.run('c')),
    ]
    expect(await Promise.all(all)).to.deep.equal([fault, undefined, fault])
    world.expectIdle()
    await world.run('d')
    expect(world.statements.slice(-5)).to.deep.equal(['begin immediate', ...member('d'), 'commit'])
  })

  it('fails those that were released where a later statement has ended the whole transaction, and begins again', async () => {
    const world = new World()
    const fault = new Error('the disk is full')
    const all = [
      failureOf(world.run('a')),
      world
        .run('b', (connection) => {
          Object.assign(connection, { inTransaction: false, fault })
          return false
        })
        .then(() => undefined),
      world.run('c').then(() => undefined),
    ]
    expect(await Promise.all(all)).to.deep.equal([fault, undefined, undefined])
    expect(world.connections).to.have.length(2)
    expect(world.statements.slice(-5)).to.deep.equal(['begin immediate', ...member('c'), 'commit'])
    world.expectIdle()
  })

  it('commits before the turn of a writer of another kind', async () => {
    const world = new World()
    const other = async (): Promise<string> => {
      const end = await world.lock.take()
      const last = world.statements.at(-1) ?? ''
      end()
      return last
    }
    const [, last] = await Promise.all([world.run('a'), other(), world.run('b')])
    expect(last).to.equal('commit')
    expect(world.connections).to.have.length(2)
    world.expectIdle()
  })

  it('copies the log after the answers, and before the next turn', async () => {
    const world = new World()
    for (let i = 0; i < 1_000; i++) world.checkpoints.onStatement('insert')
    const copied = deferred<void>()
    const { execLater } = FakeConnection.prototype
    FakeConnection.prototype.execLater = () => copied.promise
    try {
      await world.run('a')
      const next = world.lock.take()
      expect(await settlesWithin(platformClock, next, 20)).to.equal(false)
      expect(world.connections[0]).to.include({ inTransaction: false, isReleased: false })
      copied.resolve()
      ;(await next)()
      world.expectIdle()
    } finally {
      FakeConnection.prototype.execLater = execLater
    }
  })

  it('takes in 64 at most', async () => {
    const world = new World()
    await Promise.all(Array.from({ length: 130 }, (_, at) => world.run(String(at))))
    for (const { statements } of world.connections) {
      expect(statements.filter((sql) => sql === 'savepoint member').length).to.be.at.most(64)
      expect(statements.filter((sql) => sql === 'commit')).to.have.length(1)
    }
    world.expectIdle()
  })

  it('takes in nobody after 5 ms, and for as long as a COMMIT took', async () => {
    const world = new World()
    const takes = (ms: number) => (): boolean => {
      world.nowMs += ms
      return true
    }
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => world.run(name, takes(2))))
    const counts = (): number[] =>
      world.connections.map(({ statements }) => statements.filter((sql) => sql === 'savepoint member').length)
    expect(counts()).to.deep.equal([3, 1])
    const slowDisk = (connection: RawConnection): boolean => {
      const { exec } = FakeConnection.prototype
      connection.exec = function (this: FakeConnection, sql) {
        if (sql === 'commit') world.nowMs += 20
        exec.call(this, sql)
      }
      return true
    }
    await world.run('e', slowDisk)
    await Promise.all(Array.from({ length: 12 }, (_, at) => world.run(`f${at}`, takes(2))))
    expect(counts().slice(3)).to.deep.equal([10, 2])
  })

  it('lets nobody wait for one whose last turn was slow', async () => {
    const world = new World()
    const slow = (): boolean => {
      world.nowMs += 12
      return true
    }
    await world.run('slow', slow)
    const before = world.connections.length
    await Promise.all([world.run('a'), world.run('slow', slow), world.run('b')])
    expect(world.connections[before]?.statements).to.deep.equal(['begin immediate', ...member('a'), 'commit'])
    expect(world.connections[before + 1]?.statements).to.include('slow')
    world.expectIdle()
  })

  it('puts commits on disk where others are not, and leaves the connection as it was', async () => {
    const world = new World('normal')
    await Promise.all([world.run('a'), world.run('b')])
    const [full, normal] = ['full', 'normal'].map((mode) => `pragma store.synchronous = ${mode}`) as [string, string]
    expect(world.statements).to.deep.equal([full, 'begin immediate', ...member('a'), ...member('b'), 'commit', normal])
    world.expectIdle()
  })

  it('gives the connection back and passes the turn on where the transaction cannot begin', async () => {
    const world = new World()
    const fault = new Error('the file is damaged')
    const acquire = world.acquireConnection.bind(world)
    world.acquireConnection = async () => {
      const connection = await acquire()
      if (world.connections.length === 1) connection.faults.set('begin immediate', fault)
      return connection
    }
    expect(await failureOf(world.run('a'))).to.equal(fault)
    expect(world.connections[0]?.isReleased, 'the connection').to.equal(true)
    await world.run('b')
    expect(world.connections[1]?.statements).to.deep.equal(['begin immediate', ...member('b'), 'commit'])
    world.expectIdle()
  })

  it('fails one whose end fails, with what the store says, and commits the others without it', async () => {
    const world = new World()
    const fault = new Error('the disk is full')
    const breaks = (connection: RawConnection): boolean =>
      !!(connection as FakeConnection).faults.set('release savepoint member', fault)
    const [, failure] = await Promise.all([world.run('a'), failureOf(world.run('b', breaks)), world.run('c')])
    expect(failure).to.equal(fault)
    const undone = ['savepoint member', 'b', 'release savepoint member', ...undo]
    expect(world.statements).to.deep.equal(['begin immediate', ...member('a'), ...undone, ...member('c'), 'commit'])
    world.expectIdle()
  })

  it('commits none of them where one cannot be undone', async () => {
    const world = new World()
    const fault = new Error('the file is damaged')
    const breaks = (connection: RawConnection): boolean => {
      const { faults } = connection as FakeConnection
      faults.set('rollback to savepoint member', fault).set('rollback', fault)
      return false
    }
    const all = [failureOf(world.run('a')), world.run('b', breaks).catch((error: unknown) => error), world.run('c')]
    const [a, , c] = await Promise.all(all)
    expect([a, c]).to.deep.equal([fault, undefined])
    expect(world.connections[0]?.statements).not.to.include('c')
    expect(world.connections[0]?.statements.slice(-2)).to.deep.equal(['rollback', 'rollback'])
    expect(world.connections[0]?.isReleased).to.equal(true)
  })

  it('lets nobody use a connection again that cannot be set back', async () => {
    const world = new World('normal')
    const fault = new Error('the file is gone')
    await world.run('a', (connection) => {
      return !!(connection as FakeConnection).faults.set('pragma store.synchronous = normal', fault)
    })
    expect((world.connections[0] as { readonly __knex__disposed?: unknown }).__knex__disposed).to.equal(fault)
    expect(world.connections[0]?.isReleased).to.equal(true)
    await world.run('b')
    expect(world.connections[1]).not.to.have.property('__knex__disposed')
    world.expectIdle()
  })

  it('passes the turn on where it cannot begin', async () => {
    const world = new World()
    world.fault = new Error('no connection')
    expect((await failureOf(world.run('a')))?.message).to.equal('no connection')
    world.fault = undefined
    await world.run('b')
    world.expectIdle()
  })
})
