// What each failure of a store is to callers: by its code, and never with the store's own words, which have values in them.
import { expect } from 'chai'
import { ServerError } from 'isock'
import { ConflictError, InvalidDataError, StoreUnavailableError } from 'isock/data'
import {
  isAway,
  isBusyError,
  isDangling,
  isStoreFault,
  isTaken,
  storeError,
  storeFault,
} from '../../../lib/features/data/engine/store-errors.ts'

const failure = (code: string, more: object = {}) =>
  Object.assign(new Error('insert into "User" values (secret) - refused: secret'), { code }, more)

describe('The failure of a store', () => {
  const cases: [code: string, Class: new (...args: never[]) => Error, message: RegExp][] = [
    ['40001', ConflictError, /conflicted with another one of the same rows/],
    ['40P01', ConflictError, /conflicted with another one of the same rows/],
    ['42P01', ServerError, /run migrate/],
    ['57014', StoreUnavailableError, /a statement took too long/],
    ['SQLITE_FULL', StoreUnavailableError, /the disk of the store is full \(SQLITE_FULL\)$/],
    ['SQLITE_READONLY_DBMOVED', StoreUnavailableError, /cannot be written \(SQLITE_READONLY_DBMOVED\)$/],
    ['SQLITE_IOERR_WRITE', StoreUnavailableError, /cannot be read or written/],
    ['SQLITE_NOTADB', StoreUnavailableError, /not a libsql database, or is damaged/],
    ['SQLITE_CORRUPT', StoreUnavailableError, /not a libsql database, or is damaged/],
    ['SQLITE_BUSY', StoreUnavailableError, /the store was busy/],
    ['SQLITE_LOCKED', StoreUnavailableError, /the store was busy/],
    ['SQLITE_CANTOPEN', StoreUnavailableError, /the store is unreachable \(SQLITE_CANTOPEN\)/],
    ['ECONNREFUSED', StoreUnavailableError, /the store is unreachable \(ECONNREFUSED\)/],
    ['08006', StoreUnavailableError, /the store is unreachable/],
    ['57P01', StoreUnavailableError, /the store is unreachable/],
    ['25P03', StoreUnavailableError, /the store is unreachable/],
    ['25P04', StoreUnavailableError, /the store is unreachable/],
    ['53300', StoreUnavailableError, /the store is unreachable/],
    ['22001', InvalidDataError, /refused a value \(22001\)/],
    ['23502', InvalidDataError, /refused a value \(23502\)/],
    ['SQLITE_CONSTRAINT_NOTNULL', InvalidDataError, /refused a value/],
    ['3D000', StoreUnavailableError, /no such database/],
    ['28P01', StoreUnavailableError, /refused the user or the password/],
    ['42501', ServerError, /grant it rights/],
    ['42601', ServerError, /^the store failed \(42601\)$/],
    ['XX000', ServerError, /^the store failed \(XX000\)$/],
    ['42701', ServerError, /^the store failed \(42701\)$/],
    ['SQLITE_ERROR', ServerError, /^the store failed \(SQLITE_ERROR\)$/],
    ['SQLITE_MISUSE', ServerError, /^the store failed \(SQLITE_MISUSE\)$/],
  ]
  for (const [code, Class, message] of cases)
    it(`${code} is what a caller can act on`, () => {
      const told = storeError(failure(code), 'User')
      expect(told).to.be.instanceOf(Class)
      expect(told.message).to.match(message).and.not.contain('secret')
    })

  it('of a value that is taken names the model and the field, as far as it is known', () => {
    const sqlite = Object.assign(new Error('x - UNIQUE constraint failed: Team.name'), {
      code: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    const postgres = failure('23505', { table: 'Team', detail: 'Key (name)=(secret) already exists.' })
    const quoted = failure('23505', { table: 'Team', detail: 'Key ("name")=(secret) already exists.' })
    for (const error of [sqlite, postgres, quoted]) {
      expect(isTaken(error)).to.equal(true)
      const told = storeError(error, 'Other') as ConflictError
      expect(told).to.be.instanceOf(ConflictError).and.include({ model: 'Team', field: 'name' })
      expect(told.message).to.equal('a row of Team with this name already exists')
    }
    const key = storeError(failure('SQLITE_CONSTRAINT_PRIMARYKEY'), 'Team') as ConflictError
    expect(key.message).to.equal('a row of Team with this value already exists')
    expect(storeError(failure('23505')).message).to.equal('a row of the model with this value already exists')
    for (const other of [failure('23503'), failure('SQLITE_CONSTRAINT_NOTNULL'), undefined, null, 'text'])
      expect(isTaken(other)).to.equal(false)
  })

  it('of a reference to nothing names where it is, as far as it is known', () => {
    const postgres = failure('23503', { table: 'User', constraint: 'User_team_foreign' })
    expect(storeError(postgres) as ConflictError).to.include({ model: 'User', field: 'team' })
    expect(storeError(postgres).message).to.match(/^User\.team: a reference would point to a missing row/)
    const sqlite = Object.assign(new Error('x - FOREIGN KEY constraint failed'), {
      code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    })
    expect(storeError(sqlite, 'User').message).to.match(/^User: a reference/)
    expect(storeError(sqlite).message).to.match(/^a row: a reference/)
    expect(storeError(failure('23503', { table: 'User', constraint: 'other' }), 'x').message).to.match(
      /^x: a reference/,
    )
    expect([
      isDangling(postgres),
      isDangling(sqlite),
      isDangling(failure('23505')),
      isDangling(undefined),
    ]).to.deep.equal([true, true, false, false])
  })

  it('is the store being away where it was not reached, and only there', () => {
    for (const code of [
      'ECONNRESET',
      'EPIPE',
      'ETIMEDOUT',
      'ENOTFOUND',
      'EAI_AGAIN',
      'ENOENT',
      '08000',
      '57P03',
      '25P03',
    ])
      expect(isAway(failure(code)), code).to.equal(true)
    for (const text of [
      'Connection terminated unexpectedly',
      'Connection ended',
      'Unable to acquire a connection',
      'Query read timeout',
      'select 1 - timeout expired',
    ])
      expect(isAway(new Error(text)), text).to.equal(true)
    // What a statement says of itself is no word of the driver's.
    expect(isAway(new Error("insert into x values ('Connection terminated') - refused"))).to.equal(false)
    expect(isAway(new StoreUnavailableError('away'))).to.equal(true)
    for (const error of [new ConflictError('timeout expired'), failure('23505'), new Error('a bug'), undefined, null])
      expect(isAway(error)).to.equal(false)
  })

  it('is the store being busy, or its file being unfit, where it says so', () => {
    for (const error of [
      failure('SQLITE_BUSY'),
      failure('SQLITE_LOCKED_SHAREDCACHE'),
      new Error('Knex: Timeout acquiring a connection.'),
    ])
      expect(isBusyError(error)).to.equal(true)
    for (const error of [failure('SQLITE_FULL'), new Error('busy'), undefined, null])
      expect(isBusyError(error)).to.equal(false)
    for (const code of ['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_NOTADB', 'SQLITE_CORRUPT'])
      expect(isStoreFault(failure(code)), code).to.equal(true)
    for (const error of [
      failure('SQLITE_BUSY'),
      Object.assign(new ServerError('x'), { code: 'SQLITE_FULL' }),
      new Error('x'),
      undefined,
    ])
      expect(isStoreFault(error)).to.equal(false)
    expect(storeFault(failure('SQLITE_FULL'), 'nothing was kept').message).to.equal(
      'the disk of the store is full (SQLITE_FULL); nothing was kept',
    )
  })

  it('stays what it is where it is one of isock, or a bug', () => {
    for (const error of [new ConflictError('x'), new ServerError('x'), new TypeError('a bug')])
      expect(storeError(error)).to.equal(error)
    for (const code of ['ERR_INVALID_ARG_TYPE', 'EEXIST', undefined]) {
      const raw = Object.assign(new Error('mkdir'), { code })
      expect(storeError(raw) === raw, code).to.equal(true)
    }
    expect(storeError('text').message).to.equal('the store failed (string)')
    expect(storeError(undefined).message).to.equal('the store failed (undefined)')
  })
})
