// A filter as the store is asked: in the fewest words, for what MikroORM gets it goes through several times.
import { expect } from 'chai'
import { and, ge, le, ne, oneOf } from 'isock/data'
import { Conditions } from '../../../lib/features/data/engine/conditions.ts'
import { readFilter } from '../../../lib/features/data/filter.ts'
import { Plans } from '../../../lib/features/data/plans.ts'
import { models, User } from '../models.ts'

describe('The conditions of a filter', () => {
  const plans = new Plans(models)
  const plan = plans.of(User)
  const whereOf = async (filter: object) => {
    const scanner = () => {
      throw new Error('nothing has to be known before')
    }
    const options = { plans, isPostgres: false, maxRows: 10, requireWanted: () => undefined }
    return (await Conditions.of(readFilter(filter, plan, plans), plan, scanner, options)).where()
  }

  it('are one object where they are on fields of their own', async () => {
    expect(await whereOf({})).to.deep.equal({})
    expect(await whereOf({ name: 'a' })).to.deep.equal({ name: 'a' })
    expect(await whereOf({ name: 'a', isActive: true })).to.deep.equal({ name: 'a', isActive: true })
  })

  it('are a list where two would have one name, so that none is lost', async () => {
    const within = (field: string) => [{ [field]: { $gte: 1 } }, { [field]: { $lte: 5 } }]
    const both = () => and(ge(1), le(5))
    expect(await whereOf({ age: both() })).to.deep.equal({ $and: within('age') })
    expect(await whereOf({ name: 'a', age: both() })).to.deep.equal({ $and: [{ name: 'a' }, ...within('age')] })
    expect(await whereOf({ age: both(), score: both() })).to.deep.equal({
      $and: [...within('age'), ...within('score')],
    })
  })

  it('have nothing in them that is looked at letter by letter', async () => {
    const [short, long] = ['x'.repeat(100), 'x'.repeat(101)]
    expect(await whereOf({ name: short })).to.deep.equal({ name: short })
    expect(await whereOf({ name: long })).to.deep.equal({ name: { $eq: long } })
    expect(await whereOf({ age: null })).to.deep.equal({ age: { $eq: null } })
  })

  it('know that nothing is not equal to anything, nor in a list', async () => {
    expect(await whereOf({ age: ne(5) })).to.deep.equal({ $or: [{ age: { $ne: 5 } }, { age: { $eq: null } }] })
    expect(await whereOf({ age: ne(null) })).to.deep.equal({ age: { $ne: null } })
    expect(await whereOf({ age: oneOf([1, 2]) })).to.deep.equal({ age: { $in: [1, 2] } })
    expect(await whereOf({ age: oneOf([1, null]) })).to.deep.equal({
      $or: [{ age: { $in: [1] } }, { age: { $eq: null } }],
    })
  })
})
