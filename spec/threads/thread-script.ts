// A program for threads.spec.ts: uses a thread, ends its server, and then has nothing that keeps it running.
import { Client, Server } from '../../lib/index.ts'
import { threads } from '../../lib/threads.ts'
import { Deplete, Depleted, EchoThere, WhichThread } from './thread-actions.ts'

// By number: on newer engines the loader of TypeScript has a thread of its own, which lasts.
const known = new Set<number>()
process.on('worker', (worker) => {
  const { threadId } = worker
  known.add(threadId)
  worker.once('exit', () => known.delete(threadId))
})

const server = new Server({ port: 0, features: [threads()] })
for (const action of [new EchoThere(), new WhichThread(), new Deplete()]) server.addAction(action)
await server.listen()
const client = new Client(server.addresses[0] as string)
const thread = await client.runAction(WhichThread)
console.log('thread', thread > 0)
console.log('own class', await client.runAction(Deplete, 1).then(undefined, (error) => error instanceof Depleted))
await client.close()
console.log('has threads', known.has(thread))
await server.shutdown()
console.log('has threads', known.has(thread))
