// The contender that uses MikroORM as its documentation does: an entity schema, a fork for each unit of work.
import { EntitySchema, MikroORM, types } from '@mikro-orm/core'
import { LibSqlDriver } from '@mikro-orm/libsql'
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import { type Contender, type PersonData, personAt } from './cells.ts'

class PlainPerson {
  pk: string = crypto.randomUUID()
  email!: string
  name!: string
  age!: number
  score!: number
  isActive!: boolean
  joinedAt!: Date
}

const schema = new EntitySchema<PlainPerson>({
  class: PlainPerson,
  properties: {
    pk: { type: types.text, primary: true },
    email: { type: types.text, unique: true },
    name: { type: types.text },
    age: { type: types.integer, index: true },
    score: { type: types.double },
    isActive: { type: types.boolean },
    joinedAt: { type: types.datetime, length: 3 },
  },
})

export async function directly(url: string, schemaName: string | undefined): Promise<Contender> {
  const isPostgres = url.startsWith('postgres')
  const common = {
    entities: [schema],
    discovery: { disableDynamicFileAccess: true },
    metadataCache: { enabled: false },
  }
  const orm = isPostgres
    ? await MikroORM.init({ ...common, driver: PostgreSqlDriver, clientUrl: url, schema: schemaName ?? 'public' })
    : await MikroORM.init({
        ...common,
        driver: LibSqlDriver,
        dbName: url === 'memory:' ? ':memory:' : `${url.slice('file:'.length)}-direct.db`,
        pool: { min: 1, max: 1 },
      })
  await orm.schema.refreshDatabase()
  if (!isPostgres) {
    await orm.em.getConnection().execute('pragma journal_mode = wal')
    await orm.em.getConnection().execute('pragma synchronous = normal')
  }
  const pks: string[] = []
  return {
    async fill(count) {
      const em = orm.em.fork()
      for (let at = 0; at < count; at++) pks.push(em.create(PlainPerson, personAt(at) as PlainPerson).pk)
      await em.flush()
    },
    async insert(data: PersonData) {
      const em = orm.em.fork()
      em.create(PlainPerson, data as PlainPerson)
      await em.flush()
    },
    point: async (at) => (await orm.em.fork().findOneOrFail(PlainPerson, { pk: pks[at] as string })).email,
    filtered: async (age) => (await orm.em.fork().find(PlainPerson, { age, isActive: true })).length,
    close: () => orm.close(true),
  }
}
