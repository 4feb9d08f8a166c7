// A script that does nothing but connect to a server that is not there yet: `connecting-script.ts <port>`. Between two
// attempts nothing but its wait keeps it running.
import { Client } from '../../lib/index.ts'

const client = new Client('127.0.0.1', Number(process.argv[2]), {
  retry: 3,
  random: () => 1,
  backoff: { minMs: 100, factor: 1 },
})
const outcome = await client.connect().then(
  () => 'connected',
  (error: { code?: string }) => `failed: ${error.code}`,
)
process.stdout.write(`${outcome}\n`)
await client.close()
