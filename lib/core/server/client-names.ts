// The names that clients gave themselves: one connected client each. They address people's clients, and prove nothing;
// who a client is say the guards.
import type { Identity } from '../action/context.ts'
import { ClientError } from '../base/errors.ts'

/** What a name belongs to. */
export interface NameOwner {
  readonly identity: Identity | undefined
  readonly isConnected: boolean
  name: string | undefined
}

export class ClientNames {
  readonly #owners = new Map<string, NameOwner>()

  /**
   * @throws ClientError (`NAME_TAKEN`) where another client has it: one that is connected; or one that is away, if it
   *   is not the same user's. A client that crashed so comes back at once, without waiting for its lease.
   */
  requireFree(name: string | undefined, identity: Identity | undefined): void {
    if (name !== undefined && !this.#isFree(name, identity)) throw taken(name)
  }

  /** Gives the owner the name that it asks for, if it is free: whoever had it and is away goes on without. */
  claim(owner: NameOwner, name: string | undefined): void {
    if (name === undefined || owner.name === name || !this.#isFree(name, owner.identity)) return
    const former = this.#owners.get(name)
    if (former !== undefined) former.name = undefined
    // It may come back under another name than it had.
    this.release(owner)
    owner.name = name
    this.#owners.set(name, owner)
  }

  /** The owner is no more, or has no use for its name. */
  release(owner: NameOwner): void {
    const { name } = owner
    if (name !== undefined && this.#owners.get(name) === owner) this.#owners.delete(name)
  }

  #isFree(name: string, identity: Identity | undefined): boolean {
    const owner = this.#owners.get(name)
    return owner === undefined || (!owner.isConnected && owner.identity?.id === identity?.id)
  }
}

function taken(name: string): ClientError {
  const message = `the name ${JSON.stringify(name)} is taken by another client; choose another name, or close that client first`
  return new ClientError(message, { code: 'NAME_TAKEN', notStarted: true })
}
