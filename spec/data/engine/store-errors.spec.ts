// Errors of drivers, as they come where no statement of MikroORM's was in between: with the statement and its values.
import { expect } from 'chai'
import { storeError } from '../../../lib/data/engine/store-errors.ts'

describe('An error of the store', () => {
  const told: [string, string][] = [
    ['42501', 'the store does not let this user do that; grant it rights on the schema and its tables'],
    ['3D000', 'the server has no such database; create it first'],
    ['28P01', 'the server refused the user or the password'],
    ['SQLITE_NOTADB', 'the file is no database of libsql, or a broken one (SQLITE_NOTADB)'],
    ['42701', 'the store failed (42701)'],
    ['SQLITE_ERROR', 'the store failed (SQLITE_ERROR)'],
    ['XX000', 'the store failed (XX000)'],
  ]
  for (const [code, message] of told) {
    it(`says what ${code} means, and nothing of the statement`, () => {
      const raw = Object.assign(new Error("insert into User values ('hush') - it failed"), { code })
      expect(storeError(raw).message).to.equal(message)
    })
  }

  it('leaves what is not the store its own', () => {
    for (const code of ['ERR_INVALID_ARG_TYPE', 'EEXIST', undefined]) {
      const raw = Object.assign(new Error('mkdir'), { code })
      expect(storeError(raw) === raw).to.equal(true)
    }
  })
})
