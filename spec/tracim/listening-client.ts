// A process that registers and listens until it is told to end; with a third argument it exits at once.
import { TracimDaemonClient } from 'isock/tracim'

const [masterSocketPath = '', clientSocketPath = '', exits] = process.argv.slice(2)
const client = new TracimDaemonClient({ masterSocketPath, clientSocketPath })
await client.createClientSocket()
await client.registerToMaster()
if (exits) process.exit(3)
console.log('registered')
await client.listenToEvents()
