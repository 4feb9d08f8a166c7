// The store that modules ask for.
import { expect } from 'chai'
import { field, Model } from 'isock/data'
import { exportedData } from '../../lib/daemon/exported-data.ts'

class Author extends Model {
  name = field.text()
}
class Page extends Model {
  author = field.ref(() => Author)
}

const found = (...modules: Record<string, unknown>[]) =>
  exportedData(modules.map((exports, at) => ({ path: `${at}.js`, exports, source: '' })))

describe('the export data of modules', () => {
  it('has the models of all modules and those that they refer to, unless it names its own', () => {
    const data = { url: 'memory:' }
    expect(found({ Page }, { data })).to.deep.equal({ url: 'memory:', models: [Page, Author] })
    expect(found({ Page, data: { models: [Author] } })).to.deep.equal({ models: [Author] })
    expect(found({ Page, data }, { data })?.models).to.deep.equal([Page, Author])
  })

  it('is no store where there is none', () => {
    expect(found({ Page })).to.equal(undefined)
  })

  it('says what is wrong with it', () => {
    expect(() => found({ data: {}, Page }, { data: {} })).to.throw('several modules export data')
    expect(() => found({ data: 'file:x.db', Page })).to.throw('the export data is no object')
    expect(() => found({ data: {} })).to.throw('no model is exported')
  })
})
