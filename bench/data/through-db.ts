// The contender that goes through `db`.
import { Database, type Durability } from '../../lib/data.ts'
import { type Contender, Person, personAt } from './cells.ts'

/** A file is synced as MikroORM's is, unless another durability is asked for. */
export async function throughDb(
  url: string,
  schema: string | undefined,
  durability: Durability = 'normal',
): Promise<Contender> {
  const isFile = url.startsWith('file:')
  const place = isFile ? `${url}-${durability}.db` : url
  const database = await new Database({
    models: [Person],
    url: place,
    ...(schema === undefined ? {} : { schema }),
    ...(isFile ? { durability } : {}),
  }).open()
  await database.migrate()
  const pks: string[] = []
  return {
    async fill(count) {
      await database.transaction(async (db) => {
        await db.drop(Person, {})
        for (let at = 0; at < count; at++) pks.push((await db.create(Person, personAt(at))).pk)
      })
    },
    async insert(data) {
      await database.transaction((db) => db.create(Person, data))
    },
    point: (at) => database.transaction(async (db) => (await db.get(Person, pks[at] as string)).email),
    filtered: (age) => database.transaction(async (db) => (await db.query(Person, { age, isActive: true })).length),
    close: () => database.close(),
  }
}
