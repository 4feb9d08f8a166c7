// A service whose state lives on between the calls of clients, and whose last client ends the server.
import { Client, Server } from 'isock'
import { Counter } from './counter.ts'

const server = new Server('localhost', 0)
server.addService(Counter, { allowShutdown: true })
await server.listen()

const client = new Client(server.addresses[0] as string)
const counter = client.service(Counter)
await counter.initialize(1000)
await counter.execute({ command: 'increase', by: 10 })
await counter.execute({ command: 'decrease', by: 100 })
const { value, requestCount, status } = await counter.terminate(undefined, { awaitResponse: true, shutdown: true })
console.log(`${status} with ${value} after ${requestCount} requests`)

await client.close()
await server.serveForever() // until it is shut down, as the client has asked
