// The URLs of stores: what each of them names, and errors that do not show a password.
import { expect } from 'chai'
import { ClientError } from 'isock'
import { isVolatile, parseStoreUrl } from '../../lib/features/data/store-url.ts'

const expected = 'data.url: expected memory:, file:<path> or postgres://user@host:port/database'

describe('The URL of a store', () => {
  it('names a store in memory, which ends with the process', () => {
    const place = parseStoreUrl('memory:')
    expect(place).to.deep.equal({ kind: 'libsql', path: ':memory:' })
    expect(isVolatile(place)).to.equal(true)
  })

  it('names a file, by its path or by a URL of it', () => {
    const paths = ['file:app.db', 'file:/a/app.db', 'file:///a/app%20b.db'].map(parseStoreUrl)
    expect(paths).to.deep.equal([
      { kind: 'libsql', path: 'app.db' },
      { kind: 'libsql', path: '/a/app.db' },
      { kind: 'libsql', path: '/a/app b.db' },
    ])
    expect(paths.map(isVolatile)).to.deep.equal([false, false, false])
  })

  it('names a PostgreSQL in two ways', () => {
    for (const url of ['postgres://ann:pw@host:5432/shop', 'postgresql://host/shop']) {
      expect(parseStoreUrl(url)).to.deep.equal({ kind: 'postgresql', url })
      expect(isVolatile(parseStoreUrl(url))).to.equal(false)
    }
  })

  const refused: readonly (readonly [unknown, string])[] = [
    [5, 'got 5'],
    [undefined, 'got undefined'],
    ['postgres://ann:secret@host:port/shop', 'got "a postgres:// URL that cannot be read"'],
    ['mysql://ann:secret@host/shop', 'got "the scheme mysql:"'],
    ['xpostgres://ann:secret@host/shop', 'got "the scheme xpostgres:"'],
    ['postgres:ann:secret', 'got "the scheme postgres:"'],
    ['postgresq://host/shop', 'got "the scheme postgresq:"'],
    ['memory:secret', 'got "the scheme memory:"'],
    [':secret', 'got "the scheme :"'],
    ['app.db', 'got "a text without a scheme"'],
    ['', 'got "a text without a scheme"'],
    ['file:', 'got "file:"'],
    ['file:a\0b', 'got "file:a'],
  ]
  for (const [url, got] of refused)
    it(`is refused if it is ${JSON.stringify(url)}`, () => {
      expect(() => parseStoreUrl(url))
        .to.throw(ClientError)
        .that.satisfies(({ code, message }: ClientError) => {
          expect(code).to.equal('INVALID_OPTION')
          expect(message).to.include(expected).and.to.include(got).and.not.to.include('secret')
          return true
        })
    })
})
