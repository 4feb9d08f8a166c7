// A script that only calls runAction: it closes nothing.
import { Client } from 'isock'

const client = new Client(process.argv[2] as string)
console.log(await client.runAction('Echo', 'first'))
console.log(await client.runAction('Echo', 'second'))
console.log(client.isConnected ? 'still connected' : 'not connected')
