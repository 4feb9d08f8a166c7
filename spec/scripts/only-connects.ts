// A script whose client is connected and has nothing to do.
import { Client } from 'isock'

const client = new Client(process.argv[2] as string)
await client.connect()
console.log('connected')
