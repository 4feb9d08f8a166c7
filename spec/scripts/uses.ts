// A script that leaves the closing to `await using`, which is compiled for a Node that does not know it.
import { Client } from 'isock'

const seen: Client[] = []
{
  await using client = new Client(process.argv[2] as string)
  seen.push(client)
  console.log(await client.runAction('Echo', 'inside'))
}
const [client] = seen
console.log(client?.isConnected ? 'connected' : 'not connected')
console.log(await client?.runAction('Echo').then(String, (error: { code: string }) => error.code))
