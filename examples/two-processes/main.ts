// `npm start`: a server in one process, a client in another. Both end by themselves; Ctrl-C ends both, and so does the
// death of either.
import type { ChildProcess } from 'node:child_process'
import { exitCodeOf, firstMessage, spawnScript } from './spawn-script.ts'

const server = spawnScript(new URL('./server.ts', import.meta.url))
let client: ChildProcess | undefined
let isInterrupted = false

// A terminal sends Ctrl-C to all three processes, `kill` to this one only: hand it on.
const interrupt = (): void => {
  isInterrupted = true
  client?.kill('SIGINT')
  server.kill('SIGINT')
}
process.once('SIGINT', interrupt).once('SIGTERM', interrupt)

try {
  const address = await firstMessage(server)
  console.log(`server  process ${server.pid}, listening at ${address}`)
  client = spawnScript(new URL('./client.ts', import.meta.url), [address])
  if (isInterrupted) client.kill('SIGINT')
  console.log(`client  process ${client.pid}`)

  const serverEnded = exitCodeOf(server).then((code) => ({ who: 'server', code }))
  const clientEnded = exitCodeOf(client).then((code) => ({ who: 'client', code }))
  const first = await Promise.race([serverEnded, clientEnded])
  if (first.who === 'server' && !isInterrupted) console.error('the server died; stopping the client')
  client.kill()
  // Nothing keeps the server from ending once its channel is closed.
  if (server.connected) server.disconnect()
  await Promise.all([serverEnded, clientEnded])

  console.log(isInterrupted ? '\ninterrupted; both processes have ended' : '\nboth processes have ended')
  process.exitCode = isInterrupted ? 130 : first.who === 'server' ? 1 : first.code
} catch (error) {
  console.error(isInterrupted ? 'interrupted' : `the server did not start: ${(error as Error).message}`)
  process.exitCode = isInterrupted ? 130 : 1
}
