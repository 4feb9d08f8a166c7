// A script that only calls runAction: it closes nothing and ends by itself, because an idle client does not keep its
// process alive. Its server is a process of its own, which ends with the script.
import { Client } from 'isock'
import { Echo } from '../shared-actions/echo.ts'
import { Time } from '../shared-actions/time.ts'
import { firstMessage, spawnScript } from './two-processes/spawn-script.ts'

const server = spawnScript(new URL('./two-processes/server.ts', import.meta.url))
const address = await firstMessage(server)
// The server is not to keep this script alive either.
server.unref()
server.channel?.unref()

const client = new Client(address)
console.log(await client.runAction(Echo, 'hello from a script'))
console.log((await client.runAction(Time)).getFullYear() > 2000)
