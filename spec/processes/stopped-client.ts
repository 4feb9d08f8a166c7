// A client that is stopped while its answers come: `stopped-client.ts <address>`. Says when both calls are under way, and
// then what came of them.
import { Client } from '../../lib/index.ts'

const [address = ''] = process.argv.slice(2)
const client = new Client(address)
const call = client.runAction('Answer', undefined, { timeoutMs: 1_000 })
const stream = client.runAction<string, number>('Count', undefined, { timeoutMs: 1_000 })
const items: number[] = []
for await (const item of stream) {
  items.push(item)
  if (items.length === 1) process.stdout.write('under way\n')
}
const outcomes = await Promise.all([call.outcome(), stream.outcome()])
const told = outcomes.map((outcome) => (outcome.ok ? outcome.value : String(outcome.error)))
process.stdout.write(`${JSON.stringify([...told, items.length])}\n`)
await client.close()
