// The store that modules ask for.
import { expect } from 'chai'
import { Database, field, Model } from 'isock/data'
import type { DataOptions } from '../../lib/features/data/data-options.ts'
import { exportedData } from '../../lib/modules/exported-data.ts'

class Author extends Model {
  name = field.text()
}
class Page extends Model {
  author = field.ref(() => Author)
}

const found = (...modules: Record<string, unknown>[]) =>
  exportedData(modules.map((exports, at) => ({ path: `${at}.js`, exports })))

describe('the export data of modules', () => {
  it('has the models of all modules and those that they refer to, unless it names its own', () => {
    const data = { url: 'memory:' }
    expect(found({ Page }, { data })).to.deep.equal({ url: 'memory:', models: [Page, Author] })
    expect(found({ Page, data: { models: [Author] } })).to.deep.equal({ models: [Author] })
    expect(found({ Page, data }, { data })?.models).to.deep.equal([Page, Author])
  })

  it('may have every option of a store', () => {
    const every: Required<DataOptions> = {
      models: [Author],
      url: 'memory:',
      directory: 'saved',
      format: 'csv',
      persist: false,
      migrate: true,
      schema: 'app',
      waitMs: 1,
      statementTimeoutMs: 1,
      idleTransactionMs: 1,
      clientPatienceMs: 1,
      keepKeysMs: 1,
      durability: 'normal',
      maxConnections: 1,
      maxRows: 1,
    }
    expect(found({ data: every })).to.deep.equal(every)
  })

  it('is no store where there is none', () => {
    expect(found({ Page })).to.equal(undefined)
  })

  it('says what is wrong with it', () => {
    expect(() => found({ data: {}, Page }, { data: {} })).to.throw('several modules export data')
    for (const data of ['file:x.db', null, [], new Map([['url', 'file:x.db']]), new Database({ models: [Author] })])
      expect(() => found({ data, Page })).to.throw('the export data must be a plain object')
    expect(() => found({ data: { ulr: 'file:x.db' }, Page })).to.throw(
      /^the export data has an unknown option "ulr"; it may have models, url, .*\. Export anything but a store under another name$/,
    )
    for (const models of [null, 5, Author])
      expect(() => found({ data: { models }, Page })).to.throw('the export data: expected models to be a list')
    expect(() => found({ data: {} })).to.throw('no module exports a model')
  })
})
