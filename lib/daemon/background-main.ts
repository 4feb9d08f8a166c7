// The entry point of a daemon's process. Waits for the launch order, then becomes the daemon.
import { BackgroundProcess } from './background-process.ts'
import type { ParentMessage } from './launch.ts'

process.once('disconnect', onOrphaned)
process.once('message', (message: ParentMessage) => {
  process.off('disconnect', onOrphaned)
  if (message.kind === 'start') void BackgroundProcess.of(message.order).then((started) => started.run())
})

/** Called if the starting process died before it sent the order. */
function onOrphaned(): void {
  process.exit(1)
}
