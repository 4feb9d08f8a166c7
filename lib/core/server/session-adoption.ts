// Sessions that outlive their server. A feature that records them elsewhere keeps them: it is asked for a session that a client wants to
// resume and that is not here, and whether one that is here was adopted by another server meanwhile. Each session is asked for by one link
// at a time.
//
//   HELLO of a session ──> here, not kept ──────────────────────> resumed as always, nobody is asked
//                          here, kept ──still ours──────────────> resumed
//                            ├──adopted by another───────────────────> ended ─╮
//                            ╰──adopted here, its client not heard───> ended ─┤
//                          not here ──────────────────────────────────────────┴──> adopted ──> or not known: a new session
import type { Identity } from '../action/context.ts'
import { LinkError } from '../base/errors.ts'
import type { AdoptedCalls } from '../session/call-records.ts'
import { Feature, type HelloFrame } from '../wire/frames/frame.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { SessionStore } from './session-store.ts'

/** Gives the link its session: the adopted one, or what `openSession` finds without it. */
export type Accept = (adopted?: AdoptedCalls) => void

export class SessionAdoption {
  readonly #store: SessionStore
  readonly #turns = new Map<string, Promise<void>>()

  constructor(store: SessionStore) {
    this.#store = store
  }

  /** Undefined: nobody need be asked. Else accepts the client when its session is known. Rejects if that cannot be found out. */
  ask(hello: HelloFrame, identity: Identity | undefined, accept: Accept): Promise<void> | undefined {
    const { sessionId: id, resumeSecret: secret, features } = hello
    const { keeper } = this.#store
    if (keeper === undefined || id === undefined || secret === undefined) return undefined
    const here = this.#store.find(id)
    const mayAdopt = (features & Feature.Adopted) !== 0 && (features & Feature.FreshCaller) === 0
    if (here === undefined ? !mayAdopt : !keeper.isKept(here)) return undefined
    return this.#inTurn(id, async () => {
      if (!(await this.#isHere(hello, identity, keeper)) && mayAdopt && this.#store.find(id) === undefined)
        accept(await keeper.adopt({ id, secret, identity }))
      else accept()
    })
  }

  /** Whether the session is here and may be resumed, once it was asked for where it is recorded. */
  async #isHere(hello: HelloFrame, identity: Identity | undefined, keeper: SessionKeeper): Promise<boolean> {
    const session = this.#store.resumable(hello, identity)
    if (session === undefined || !keeper.isKept(session)) return session !== undefined
    if ((hello.features & Feature.FreshCaller) !== 0) {
      // Its numbers begin again, and must not meet the records of the former caller.
      await keeper.forget(session)
      return true
    }
    if (session.core.isUnheard) {
      // The WELCOME that said so may be lost: a client that does not know would take our numbers for those of the former server.
      keeper.release(session)
      void this.#store.end(session, new LinkError('its client may not know that it was adopted: it is adopted again'))
      return false
    }
    if (await keeper.isOurs(session)) return true
    void this.#store.end(session, new LinkError('another server has adopted this session'))
    return false
  }

  async #inTurn(id: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).catch(() => undefined).then(work)
    this.#turns.set(id, turn)
    try {
      await turn
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
    }
  }
}
