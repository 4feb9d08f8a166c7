// What the compiler infers of models. `npm run types` is the proof.
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import { Action, type Context, type ItemOf, type OutputOf } from 'isock'
import { type CreateData, type Db, type Dictionary, type Hydrated, Model, type ModelClass } from 'isock/data'
import { ChatMessage, User } from './models.ts'

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
      await db.query(User, { age: { ge: 3 }, email: { contains: 'x' }, 'team.name': 'red', team: null })
      // @ts-expect-error no such field
      await db.query(User, { nick: 'x' })
      // @ts-expect-error a text is no number
      await db.query(User, { age: { gt: '3' } })
      // @ts-expect-error a secret field cannot be searched
      await db.query(User, { password: 'x' })
      // @ts-expect-error no such operator
      await db.query(User, { age: { like: 3 } })
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
