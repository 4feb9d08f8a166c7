// A process that uses the store of a spec: `count <url> <times>` adds to the counter that often, `hold <url>` writes, says
// so, and keeps its transaction open until its input ends.
import { Database } from 'isock/data'
import { Counter } from '../counter.ts'

const [command, url = '', times = '0'] = process.argv.slice(2)
const database = await new Database({ models: [Counter], url, waitMs: 20_000 }).open()
await database.migrate()
if (command === 'count') {
  for (let at = 0; at < Number(times); at++)
    await database.transaction(async (db) => {
      const counter = await db.get(Counter, { name: 'shared' }, { lock: true })
      // Others must not come in between.
      await new Promise((resolve) => setImmediate(resolve))
      await db.update(counter, { value: counter.value + 1 })
    })
} else {
  await database.transaction(async (db) => {
    await db.create(Counter, { name: 'held' })
    console.log('holding')
    for await (const _ of process.stdin);
  })
}
await database.close()
console.log('done')
