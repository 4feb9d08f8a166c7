// A process with a file server over the folder that it is given, which tells its URL and is killed.
import { Server } from 'isock'
import { igor } from 'isock/igor'

const server = new Server('127.0.0.1', 0)
await server.listen()
const { url } = await server.listenWeb({
  port: 0,
  gateways: [igor({ files: { root: process.argv[2] as string, write: true } })],
})
console.log(url)
