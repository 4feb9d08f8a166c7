// superjson and JSON for the mixed value, there and back, in one process and without a wire: what a call of it
// costs at least when superjson does the work.
import SuperJSON from 'superjson'
import { values } from './cells.ts'

/** CPU seconds for 100 000 calls: two encodings and two decodings each. */
export function measureSuperjson(): number {
  const superjson = new SuperJSON()
  const once = (): void => {
    const text = JSON.stringify(superjson.serialize(values.mix))
    superjson.deserialize(JSON.parse(text))
  }
  for (let i = 0; i < 5_000; i++) once()
  const before = process.cpuUsage()
  const rounds = 20_000
  for (let i = 0; i < rounds; i++) once()
  const { user, system } = process.cpuUsage(before)
  return (((user + system) / 1e6) * 2 * 100_000) / rounds
}
