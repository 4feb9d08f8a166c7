// superjson and JSON for the mixed value, there and back, in one process and without a wire: what a call of it
// costs at least when superjson does the work. Sends its CPU seconds for 100 000 calls.
import SuperJSON from 'superjson'
import { values } from './cells.ts'

const superjson = new SuperJSON()
const warmUpRounds = 10_000
const rounds = 30_000

/** A call is two of these. */
function once(): void {
  const text = JSON.stringify(superjson.serialize(values.mix))
  superjson.deserialize(JSON.parse(text))
}

for (let i = 0; i < warmUpRounds; i++) once()
const before = process.cpuUsage()
for (let i = 0; i < rounds; i++) once()
const { user, system } = process.cpuUsage(before)
process.send?.({ result: ((user + system) / 1e6) * 2 * (100_000 / rounds) })
