// Replaces own-actions.ts in the bundle for browsers: loads it when the page adds its first action, or when the server first calls
// the page. Either way before a call starts: see session/browser-ledger.ts, which the same chunk contains.
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
    // By the time of the first call, a new version of the server may have another chunk.
    options.registry.adapt((action) => {
      this.load().catch(() => undefined)
      return action
    })
  }

  /** Rejects if the chunk cannot be loaded. */
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

  /** Only a ledger uses it, and that waits for `load`. */
  get #ready(): LoadedActions {
    return this.#loaded as LoadedActions
  }
}
