// Names of fields that a store could not have.
import { expect } from 'chai'
import { Database, field, Model } from 'isock/data'

class Twice extends Model {
  email = field.text()
  Email = field.text()
}
class System extends Model {
  xmin = field.text()
}

describe('The names of fields', () => {
  it('differ in more than capital letters, which libsql does not tell apart', () => {
    const message = 'model "Twice": Email differs from another field only in case; choose another name'
    expect(() => new Database({ models: [Twice] })).to.throw(message)
  })

  it('are none that PostgreSQL keeps for itself', () => {
    const message = 'model "System": xmin is reserved by PostgreSQL; choose another name'
    expect(() => new Database({ models: [System] })).to.throw(message)
  })
})
