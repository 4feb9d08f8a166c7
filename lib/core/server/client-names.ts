// The names that clients gave themselves: one connected client for each. They address clients, and prove nothing; identities
// come from the guards.
import type { Identity } from '../action/context.ts'
import { ClientError } from '../base/errors.ts'

/** The owner of a name. */
export interface NameOwner {
  readonly identity: Identity | undefined
  readonly isConnected: boolean
  name: string | undefined
}

export class ClientNames {
  readonly #owners = new Map<string, NameOwner>()

  /**
   * @throws ClientError (`NAME_TAKEN`) if another client has it that is connected, or is disconnected and belongs to another
   *   user. So a client that crashed can come back immediately, without waiting for its lease to end.
   */
  requireFree(name: string | undefined, identity: Identity | undefined): void {
    if (name !== undefined && !this.#isFree(name, identity)) throw taken(name)
  }

  /** Assigns the requested name if it is free. A disconnected former owner loses it. */
  claim(owner: NameOwner, name: string | undefined): void {
    if (name === undefined || owner.name === name || !this.#isFree(name, owner.identity)) return
    const former = this.#owners.get(name)
    if (former !== undefined) former.name = undefined
    // A resumed client may use another name than before.
    this.release(owner)
    owner.name = name
    this.#owners.set(name, owner)
  }

  /** Called when the owner has ended, or needs its name no more. */
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
