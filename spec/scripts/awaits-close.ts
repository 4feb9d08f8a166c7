// A script that closes its client, and awaits that as the last thing.
import { Client } from 'isock'

const client = new Client(process.argv[2] as string)
console.log(await client.runAction('Echo', 'called'))
await client.close()
console.log('closed')
