// Watches the platform while a connection has a link. When the process exits normally, sends BYE, so that a script that ends
// without close() leaves nothing running on its server. When the network may have changed, makes the session check its link.
import { ClientError } from '../base/errors.ts'
import type { Session } from '../session/session.ts'
import type { ClientPlatform } from './client-platform.ts'

/** See {@link ClientPlatform}. */
export interface WatchedPlatform {
  readonly onExit?: ClientPlatform['onExit'] | undefined
  readonly onWakeUp?: ClientPlatform['onWakeUp'] | undefined
}

/** Returns a function that ends the watch. */
export function watchLink(session: Session, { onExit, onWakeUp }: WatchedPlatform): () => void {
  const stopExit = onExit?.(() => {
    const reason = new ClientError('the process ends', { code: 'CLOSED', notStarted: true })
    void session.end(reason, 'say bye')
  })
  const stopWakeUp = onWakeUp?.(() => session.doubtLink())
  return () => {
    stopExit?.()
    stopWakeUp?.()
  }
}
