// What a database takes for its models: names of fields that a store could not have, and classes that are no models of it.
import { expect } from 'chai'
import { Database, field, Model } from 'isock/data'
import { Plans } from '../../lib/features/data/plans.ts'

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

describe('A model that a database does not have', () => {
  it('is named, and what is no model is shown', () => {
    class Known extends Model {
      a = field.text()
    }
    class Unknown extends Model {
      a = field.text()
    }
    const plans = new Plans([Known])
    expect(plans.of(Known).name).to.equal('Known')
    const missing = 'is not a model of this database; add it to the option data.models'
    for (const [given, shown] of [
      [Unknown, '"Unknown"'],
      ['Known', '"Known"'],
      [undefined, 'undefined'],
      [{}, 'an instance of Object'],
    ] as const)
      expect(() => plans.of(given as never), shown)
        .to.throw(`${shown} ${missing}`)
        .with.property('code', 'INVALID_USAGE')
  })
})
