// A server in a process of its own: `work-server.ts <port> <counter port>`. Each run is counted before it does
// anything. Ends in order at SIGTERM.
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { Server } from '../../lib/index.ts'
import { Sessions, Work } from './work-actions.ts'

const [port = 0, counterPort = 0] = process.argv.slice(2).map(Number)
const counter = connect({ port: counterPort, host: '127.0.0.1', noDelay: true })
counter.on('error', () => undefined)
const waiting: (() => void)[] = []
createInterface(counter).on('line', () => waiting.shift()?.())
await once(counter, 'connect')

function count(name: string): Promise<void> {
  counter.write(`${name}\n`)
  return new Promise((resolve) => waiting.push(resolve))
}

const limits = { heartbeatMs: 100, deadAfterMs: 300, frameTimeoutMs: 1_000, sessionLeaseMs: 1_500 }
const server = new Server({ port, limits })
server.addAction(Work, async ({ name, takesMs }, { signal }) => {
  await count(name)
  if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs))
  if (signal.aborted) await count(`${name} aborted`)
  return name
})
server.addAction(Sessions, () => server.sessions.length)

process.once('SIGTERM', () => {
  void server.shutdown({ graceMs: 5_000 }).then(() => process.exit(0))
})
await server.listen()
process.stdout.write('listening\n')
