// A program for threads.spec.ts: uses a thread, ends its server, and then has nothing that keeps it running.
import { Client, Server } from '../../lib/index.ts'
import { Deplete, Depleted, EchoThere, WhichThread } from './thread-actions.ts'

// By number: on newer engines the loader of TypeScript has a thread of its own, which lasts.
const threads = new Set<number>()
process.on('worker', (worker) => {
  const { threadId } = worker
  threads.add(threadId)
  worker.once('exit', () => threads.delete(threadId))
})

const server = new Server({ port: 0 })
for (const action of [new EchoThere(), new WhichThread(), new Deplete()]) server.addAction(action)
await server.listen()
const client = new Client(server.addresses[0] as string)
const thread = await client.runAction(WhichThread)
console.log('thread', thread > 0)
console.log('own class', await client.runAction(Deplete, 1).then(undefined, (error) => error instanceof Depleted))
await client.close()
console.log('has threads', threads.has(thread))
await server.shutdown()
console.log('has threads', threads.has(thread))
