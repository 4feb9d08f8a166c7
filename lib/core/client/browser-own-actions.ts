// In the place of own-actions.ts in the module for browsers: the same, loaded with the first action that the page adds, or when the
// server first asks something of it. Either way before a call starts: see session/browser-ledger.ts, which is loaded by the same file.
import type { IsockError } from '../base/errors.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Session } from '../session/session.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import type { OwnActions as LoadedActions, OwnActionsOptions } from './own-actions.ts'
import { loadOwnActions } from './own-actions-loader.ts'

export class OwnActions implements Pick<LoadedActions, 'load' | 'start' | 'encodeError'> {
  readonly #options: OwnActionsOptions
  readonly #loadFile: typeof loadOwnActions
  #loading: Promise<void> | undefined
  #loaded: LoadedActions | undefined

  constructor(options: OwnActionsOptions, loadFile = loadOwnActions) {
    this.#options = options
    this.#loadFile = loadFile
    // The page's server may be another one by the time at which it asks, and have another file.
    options.registry.adapt((action) => {
      this.load().catch(() => undefined)
      return action
    })
  }

  /** Rejects where the file cannot be had. */
  load(): Promise<void> {
    this.#loading ??= this.#loadFile().then(
      (loaded) => {
        this.#loaded = new loaded.OwnActions(this.#options)
      },
      (error: unknown) => {
        this.#loading = undefined
        throw error
      },
    )
    return this.#loading
  }

  start(session: Session, call: IncomingCall): void {
    this.#ready.start(session, call)
  }

  encodeError(error: IsockError): Payload {
    return this.#ready.encodeError(error)
  }

  /** Only a ledger asks for something, and that waits for this. */
  get #ready(): LoadedActions {
    return this.#loaded as LoadedActions
  }
}
