// A script that starts the daemon, and ends. The daemon goes on.
import { runInBackground } from 'isock/daemon'

const daemon = await runInBackground({ module: new URL('./notes.ts', import.meta.url), name: 'notes', reuse: true })
console.log(`the daemon is process ${daemon.pid}, at ${daemon.address}`)
