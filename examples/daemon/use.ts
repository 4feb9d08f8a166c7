// Another script, later: finds the daemon by its name and uses it.
import { Client } from 'isock'
import { findDaemon } from 'isock/daemon'
import { AddNote, Notes } from './notes.ts'

const daemon = findDaemon('notes')
const status = await daemon?.status()
if (status?.state !== 'running') throw new Error('the daemon does not run; start it with start.ts')

const client = new Client(status.addresses[0] as string)
await client.runAction(AddNote, 'buy tea')
await client.runAction(AddNote, 'drink it')
console.log(`process ${status.pid} keeps`, await client.runAction(Notes))
await client.close()
