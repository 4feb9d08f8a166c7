// A program for threads.spec.ts: uses a thread, ends its server, and then has nothing that keeps it running.
import { Client, Server } from '../../lib/index.ts'
import { Deplete, Depleted, EchoThere, WhichThread } from './thread-actions.ts'

let threads = 0
// On newer engines the loader of TypeScript runs in a thread of its own, which is the process's and lasts.
const loaderThreads = Number(process.versions.node.split('.')[0]) >= 22 ? 1 : 0
process.on('worker', (worker) => {
  threads++
  worker.once('exit', () => threads--)
})

const server = new Server({ port: 0 })
for (const action of [new EchoThere(), new WhichThread(), new Deplete()]) server.addAction(action)
await server.listen()
const client = new Client(server.addresses[0] as string)
console.log('thread', (await client.runAction(WhichThread)) > 0)
console.log('own class', await client.runAction(Deplete, 1).then(undefined, (error) => error instanceof Depleted))
await client.close()
console.log('has threads', threads > loaderThreads)
await server.shutdown()
console.log('has threads', threads > loaderThreads)
