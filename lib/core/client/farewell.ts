// Says goodbye when the process ends in order while there is a link, so that a script which ends without close() leaves
// nothing running at its server. A process that a signal ends says nothing.
import { ClientError } from '../base/errors.ts'
import type { Session } from '../session/session.ts'
import type { ClientPlatform } from './client-platform.ts'

export class Farewell {
  readonly #session: Session
  readonly #onExit: ClientPlatform['onExit']
  #stop: (() => void) | undefined

  constructor(session: Session, onExit: ClientPlatform['onExit']) {
    this.#session = session
    this.#onExit = onExit
  }

  /** There is a link. */
  arm(): void {
    this.#stop ??= this.#onExit?.(() => {
      const reason = new ClientError('the process ends', { code: 'CLOSED', notStarted: true })
      void this.#session.end(reason, 'say bye')
    })
  }

  /** There is none. */
  disarm(): void {
    this.#stop?.()
    this.#stop = undefined
  }
}
