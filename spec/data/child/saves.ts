// A process that gives all rows of a store the same value and saves them to a directory, again and again, until it is killed:
// `<directory>`. The rows that it begins with are those of the directory.
import { Database } from 'isock/data'
import { Counter } from '../counter.ts'
import { Paper } from '../paper.ts'

const [directory = ''] = process.argv.slice(2)
const database = await new Database({ models: [Counter, Paper] }).open()
await database.migrate()
await database.load(directory)
for (let value = 1 + (await database.transaction((db) => db.get(Counter, 'c0'))).value; ; value++) {
  await database.transaction(async (db) => {
    await db.update(Counter, {}, { value })
    await db.update(Paper, {}, { content: `${value}` })
  })
  console.log(`saving ${value}`)
  await database.save(directory)
  console.log(`saved ${value}`)
}
