// A dashboard: a client with a name prints what a process of the server tells, while tasks of the server do their work.
import { Client, IntervalTask, Server, ShutdownTask, StartupTask, type TaskContext } from 'isock'
import { Counter } from './counter.ts'

class Prepare extends StartupTask {
  override run(): void {
    console.log('server: prepares, before anybody can connect')
  }
}

class Look extends IntervalTask {
  override intervalMs(): number {
    return 200
  }

  override run({ server }: TaskContext): void {
    console.log(`server: serves ${sessions()} at ${server.addresses.length} address`)
  }
}

class TidyUp extends ShutdownTask {
  override run(): void {
    console.log('server: tidies up')
  }
}

const server = new Server('localhost', 0)
server.addTask(new Prepare()).addTask(new Look()).addTask(new TidyUp())
server.addProcess(new Counter(5))
await server.listen()

function sessions(): string {
  return server.sessions.map(({ name }) => name ?? 'somebody').join(', ')
}

const client = new Client(server.addresses[0] as string, { name: 'dashboard' })
for await (const { event, data } of client.onProcess(Counter)) {
  if (event === 'tick') console.log(`dashboard: ${data.n} at ${data.at.toISOString()}`)
}
console.log('dashboard: the counter has finished')

// Names are unique among the connected clients.
const twin = new Client(server.addresses[0] as string, { name: 'dashboard' })
await twin.connect().catch((error: Error) => console.log(`twin: ${error.message}`))
await twin.close()

for (const { name, kind, state, runCount } of server.tasks) console.log('task   ', name, kind, state, runCount > 0)
for (const { name, state } of server.processes) console.log('process', name, state)
await client.close()
await server.shutdown()
