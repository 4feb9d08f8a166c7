// A client in a process of its own, to be stopped or killed: `work-client.ts <port> <name> <takes ms>`. Runs one call
// and prints what came of it.
import { Client } from '../../lib/index.ts'
import { Work } from './work-actions.ts'

const [port, name = '', takesMs] = process.argv.slice(2)
const limits = { heartbeatMs: 100, deadAfterMs: 300, frameTimeoutMs: 1_000, handshakeTimeoutMs: 500 }
const client = new Client('127.0.0.1', Number(port), { limits, retry: 20, backoff: { minMs: 10, maxMs: 100 } })
await client.connect()
const call = client.runAction(Work, { name, takesMs: Number(takesMs) })
process.stdout.write('sent\n')
const outcome = await call.outcome()
process.stdout.write(`${outcome.ok ? `ok ${outcome.value}` : `failed ${String(outcome.error)}`}\n`)
await client.close()
