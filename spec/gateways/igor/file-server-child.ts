// A process with a file server over the folder that it is given, which tells its URL and is killed.

import { Server } from 'isock'
import { igor } from 'isock/igor'
import { listenWeb } from '../../../lib/web.ts'

const server = new Server('127.0.0.1', 0)
await server.listen()
const { url } = await listenWeb(server, {
  port: 0,
  gateways: [igor({ files: { root: process.argv[2] as string, write: true } })],
})
console.log(url)
