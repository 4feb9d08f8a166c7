// A local daemon that hands events to clients, and a mini client that prints them. The source is a made-up one here: with
// `new TracimSource({ url, username, password })` in its place the events are those of a Tracim server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TracimDaemon, TracimDaemonClient, tracimEventOf } from 'isock/tracim'
import { printable } from '../printable.ts'

const folder = mkdtempSync(join(tmpdir(), 'tracim-example-'))
const masterSocketPath = join(folder, 'master.sock')

async function* madeUpEvents() {
  while (daemon.clients.length === 0) await sleep(10)
  for (const text of ['Hello', 'from', 'Tracim']) {
    await sleep(100)
    yield { event_type: 'content.created.comment', fields: { content: { raw_content: text } } }
  }
  yield { event_type: 'workspace.deleted', fields: {} }
}

const client = new TracimDaemonClient({ masterSocketPath, clientSocketPath: join(folder, 'mini-client.sock') })
client.on('content.created.comment', (event) => {
  const { event_id, fields } = tracimEventOf(event)
  console.log(`comment ${event_id}:`, printable((fields as { content: { raw_content: string } }).content.raw_content))
})
client.on('workspace.deleted', () => client.close())
client.on('custom_error', ({ data }) => console.error(data))
await client.createClientSocket()

const daemon: TracimDaemon = new TracimDaemon({ socketPath: masterSocketPath, source: madeUpEvents(), userId: '7' })
await daemon.listen()
await client.registerToMaster()
console.log(`registered, as user ${client.userId}`)
await client.listenToEvents() // until it is closed
await daemon.close()
rmSync(folder, { recursive: true })
