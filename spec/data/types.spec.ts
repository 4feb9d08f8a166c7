// What the compiler infers of models. `npm run types` is the proof.
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import { Action, type Context, type ItemOf, type OutputOf } from 'isock'
import {
  and,
  type CreateData,
  contains,
  type Db,
  type Dictionary,
  eq,
  ge,
  gt,
  type Hydrated,
  lt,
  Model,
  type ModelClass,
  matches,
  max,
  min,
  ne,
  noneOf,
  not,
  oneOf,
  or,
  parseFilter,
  parseSort,
} from 'isock/data'
import { ChatMessage, Team, User } from './models.ts'

interface UserDictionary {
  pk: string
  email: string
  name: string
  age: number | null
  score: number
  isActive: boolean
  role: 'user' | 'admin'
  joinedAt: Date
  tags: string[]
  settings: unknown
  team: string | null
}

class One extends Action {
  async action(pk: string, { db }: Context) {
    return db.get(User, pk)
  }
}
class Many extends Action {
  async action(_: undefined, { db }: Context) {
    return db.query(ChatMessage)
  }
}
class Stream extends Action {
  async *action(_: undefined, { db }: Context) {
    yield* await db.query(ChatMessage)
    return 1
  }
}

describe('The types of models', () => {
  it('are those of their fields', () => {
    expectTypeOf<Dictionary<ChatMessage>>().toEqualTypeOf<{
      pk: string
      author: string
      content: string
      replyTo: string | null
    }>()
    expectTypeOf<Omit<Dictionary<User>, 'settings'>>().toEqualTypeOf<Omit<UserDictionary, 'settings'>>()
    expectTypeOf<keyof Dictionary<User>>().toEqualTypeOf<keyof UserDictionary>()
    expectTypeOf<User['email']>().toExtend<string>()
    expectTypeOf<'text'>().toExtend<User['email']>()
    expectTypeOf<User['age']>().toExtend<number | null>()
    expectTypeOf<Hydrated<ChatMessage>['author']>().toExtend<Hydrated<User> | string>()
  })

  it('say what create needs', () => {
    expectTypeOf<{ author: string; content: string }>().toExtend<CreateData<ChatMessage>>()
    expectTypeOf<{ author: User; content: string; replyTo: ChatMessage }>().toExtend<CreateData<ChatMessage>>()
    expectTypeOf<{ author: string }>().not.toExtend<CreateData<ChatMessage>>()
    expectTypeOf<{ author: number; content: string }>().not.toExtend<CreateData<ChatMessage>>()
  })

  it('follow through db', () => {
    const use = async (db: Db): Promise<void> => {
      const user = await db.create(User, { email: 'a@b' })
      const team = await db.create(Team, { name: 'red' })
      expectTypeOf(user).toEqualTypeOf<User>()
      user.email = 'x'
      user.age = null
      user.isActive = false
      user.role = 'admin'
      // @ts-expect-error a number is no text
      user.email = 3
      // @ts-expect-error no such choice
      user.role = 'root'
      // @ts-expect-error the pk is made by create
      user.pk = 'x'
      // @ts-expect-error email is missing
      await db.create(User, { name: 'x' })
      // @ts-expect-error no such field
      await db.create(User, { email: 'x', nick: 'y' })
      await db.query(User, { age: ge(3), email: contains('x'), 'team.name': 'red', team: null })
      // @ts-expect-error no such field
      await db.query(User, { nick: 'x' })
      // @ts-expect-error a text is no number
      await db.query(User, { age: gt('3') })
      // @ts-expect-error a secret field cannot be searched
      await db.query(User, { password: 'x' })
      // @ts-expect-error an object is no condition
      await db.query(User, { age: { ge: 3 } })
      // @ts-expect-error a number has no parts
      await db.query(User, { age: contains('3') })
      // @ts-expect-error a number is no text
      await db.query(User, { age: matches('3') })
      // @ts-expect-error a truth value has no order
      await db.query(User, { isActive: gt(1) })
      // @ts-expect-error a list has no order
      await db.query(User, { tags: max() })
      // @ts-expect-error a list of texts has no numbers
      await db.query(User, { tags: contains(3) })
      // @ts-expect-error not all of them are about numbers
      await db.query(User, { age: and(ge(3), lt('x')) })
      // @ts-expect-error what is negated is about texts
      await db.query(User, { age: not(contains('x')) })
      // @ts-expect-error a date is no text
      await db.query(User, { joinedAt: ge('2020-01-01') })
      // @ts-expect-error a secret field cannot be searched
      await db.query(User, { password: eq('x') })
      await db.query(User, { age: and(ge(3), lt(5)), email: or(contains('x'), matches('y')), role: eq('admin') })
      await db.query(User, { age: or(eq(null), not(oneOf([1, null]))), tags: contains('x'), isActive: ne(true) })
      await db.query(User, { joinedAt: ge(new Date()), team: eq(team), settings: eq(null), score: min(), name: max() })
      await db.query(User, { team, email: eq(user.email), age: noneOf([1]) })
      // @ts-expect-error what a row is found by are values, which a new one gets
      await db.getOrCreate(User, { email: contains('x') })
      await db.query(User, parseFilter({}, User, { fields: ['age', 'team.name'] }), {
        sort: parseSort('-age', User, { fields: ['age'] }),
      })
      // @ts-expect-error no such field
      parseFilter({}, User, { fields: ['nick'] })
      // @ts-expect-error a secret field cannot be searched
      parseFilter({}, User, { fields: ['password'] })
      await db.query(User, {}, { sort: ['-age', 'email', 'team.name'] })
      // @ts-expect-error no such field
      await db.query(User, {}, { sort: 'nick' })
      await db.update(User, { email: 'x' }, { age: 3 })
      // @ts-expect-error the pk cannot be changed
      await db.update(user, { pk: 'x' })
      expectTypeOf(await db.getOrCreate(User, { email: 'x' })).toEqualTypeOf<{
        readonly row: User
        readonly isNew: boolean
      }>()
      expectTypeOf(await db.find(User, 'pk')).toEqualTypeOf<User | undefined>()
    }
    expect(use).to.be.a('function')
  })

  it('are dictionaries at the client', () => {
    expectTypeOf<OutputOf<typeof One>>().toEqualTypeOf<Dictionary<User>>()
    expectTypeOf<OutputOf<typeof Many>>().toEqualTypeOf<Dictionary<ChatMessage>[]>()
    expectTypeOf<ItemOf<typeof Stream>>().toEqualTypeOf<Dictionary<ChatMessage>>()
    expectTypeOf<OutputOf<typeof Stream>>().toEqualTypeOf<number>()
  })

  it('take any model where any model will do', () => {
    expectTypeOf(User).toExtend<ModelClass>()
    expectTypeOf<typeof Model>().not.toExtend<ModelClass>()
    expect(User.prototype).to.be.instanceOf(Model)
  })
})
