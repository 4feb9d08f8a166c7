// A connection of libsql that is closed while somebody uses it: errors, and never the end of the process.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Checkpoints } from '../../../lib/features/data/engine/libsql/checkpoints.ts'
import { beginMember, GroupCommit } from '../../../lib/features/data/engine/libsql/group-commit.ts'
import {
  type DriverConnection,
  execLaterOf,
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

  it('runs statements in the server’s thread where the driver’s other form is not found', async () => {
    const execLater = execLaterOf(() => {
      throw new Error('not found')
    })
    await execLater.call(connection as unknown as DriverConnection, 'begin')
    expect(connection.inTransaction).to.equal(true)
    expect(await failureOf(execLater.call(connection as unknown as DriverConnection, 'no statement'))).to.have.property(
      'code',
    )
  })

  it('lets the event loop run while a statement waits in a thread', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'isock-later-'))
    const reader = new Libsql(join(directory, 'store.db'))
    const writer = rawConnection(new Libsql(join(directory, 'store.db')))
    try {
      writer.exec('create table notes (text text)')
      // Without the log of WAL mode, a COMMIT waits for readers.
      reader.exec('begin')
      reader.exec('select * from notes')
      writer.exec('pragma busy_timeout = 30000')
      writer.exec('begin')
      writer.exec("insert into notes values ('a')")
      const committed = writer.execLater('commit')
      await new Promise(setImmediate)
      reader.exec('rollback')
      await committed
      expect(writer.inTransaction).to.equal(false)
      expect(await failureOf(writer.execLater('commit'))).to.have.property('code')
    } finally {
      reader.close()
      writer.close()
      rmSync(directory, { recursive: true })
    }
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
