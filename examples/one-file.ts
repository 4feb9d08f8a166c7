// Server and client in one file: the classic example, start to end.
import { Client, Server } from 'isock'
import { Echo } from '../shared-actions/echo.ts'
import { Exec } from '../shared-actions/exec.ts'
import { type Command, ExecHistory } from '../shared-actions/exec-history.ts'
import { Time } from '../shared-actions/time.ts'

const history: Command[] = []
const server = new Server('localhost', 0)
server.addAction(new Echo())
server.addAction(new Exec(history))
server.addAction(new ExecHistory(history))
server.addAction(new Time())
await server.listen()

const client = new Client(server.addresses[0] as string)
console.log('Echo       ', await client.runAction(Echo, 'Echo test!'))
console.log('Exec       ', (await client.runAction(Exec, 'echo hello')).trim())
console.log('Exec       ', (await client.runAction(Exec, ['node', '-p', '1 + 1'])).trim())
console.log('ExecHistory', await client.runAction(ExecHistory))
console.log('Time       ', (await client.runAction(Time)) instanceof Date ? 'a Date' : 'not a Date')

await client.close()
await server.shutdown()
