// A connection of libsql that is closed while somebody uses it: errors, and never the end of the process.
import { createRequire } from 'node:module'
import { expect } from 'chai'
import { Checkpoints } from '../../../lib/features/data/engine/libsql/checkpoints.ts'
import { beginMember, GroupCommit } from '../../../lib/features/data/engine/libsql/group-commit.ts'
import {
  type DriverConnection,
  type RawConnection,
  rawConnection,
  rollBack,
} from '../../../lib/features/data/engine/libsql/raw-connection.ts'
import { WriteLock } from '../../../lib/features/data/engine/libsql/write-lock.ts'
import { failureOf } from '../../setup/world.ts'

// The driver that MikroORM brings. Asked itself whether it is in a transaction when it is closed, it aborts the process.
const Libsql = createRequire(import.meta.resolve('@mikro-orm/libsql'))('libsql') as new (
  file: string,
) => DriverConnection

const closedText = 'The database connection is not open'

describe('A connection of libsql', () => {
  let connection: RawConnection

  beforeEach(() => {
    connection = rawConnection(new Libsql(':memory:'))
  })

  afterEach(() => connection.close())

  it('says whether it is in a transaction, and is in none when it is closed', () => {
    expect(connection.inTransaction).to.equal(false)
    connection.exec('begin')
    expect(connection.inTransaction).to.equal(true)
    connection.close()
    expect(connection.inTransaction).to.equal(false)
  })

  it('refuses statements when it is closed, and needs no rollback', () => {
    connection.exec('begin')
    connection.close()
    expect(() => connection.exec('select 1')).to.throw(closedText)
    rollBack(connection)
    expect(connection).not.to.have.property('__knex__disposed')
  })

  it('fails those of a group that it had when it is closed', async () => {
    const groups = new GroupCommit({
      writeLock: new WriteLock(1_000),
      waitMs: 0,
      durability: 'full',
      checkpoints: new Checkpoints(),
    })
    const pool = { acquireConnection: async () => connection, releaseConnection: () => undefined }
    const run = (label: string, work: () => void): Promise<void> =>
      groups.run(pool, label, async (its) => {
        beginMember(its)
        work()
        await its.member?.end(true)
      })
    connection.exec("attach ':memory:' as store")
    const first = failureOf(run('first', () => undefined))
    const second = failureOf(run('second', () => connection.close()))
    for (const failure of await Promise.all([first, second])) expect(failure.message).to.equal(closedText)
  })
})
