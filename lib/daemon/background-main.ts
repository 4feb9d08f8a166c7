// What a daemon's process runs: waits for its order, and becomes the daemon.
import { BackgroundProcess } from './background-process.ts'
import type { Orders } from './launch.ts'

process.once('disconnect', onOrphaned)
process.once('message', (message: Orders) => {
  process.off('disconnect', onOrphaned)
  if (message.kind === 'start') void BackgroundProcess.of(message.order).then((started) => started.run())
})

/** Whoever wanted it died before saying what. */
function onOrphaned(): void {
  process.exit(1)
}
