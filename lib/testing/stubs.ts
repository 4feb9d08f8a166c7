// Handlers that a test puts in the place of an action's own, with the action's contract: its schemas, errors and `requires` hold.
import { type ActionClass, actionNameOf, requireActionName } from '../core/action/action.ts'
import type { RegisteredAction, Server } from '../index.ts'

interface Stub {
  readonly action: ActionClass | string
  readonly handler: unknown
  /** What it replaces; undefined: the server does not have it. */
  original: RegisteredAction | undefined
}

export class Stubs {
  #stubs: Stub[] = []
  #server: Server | undefined

  /** Applies all stubs to a server that has started in the place of the former one. */
  moveTo(server: Server): void {
    this.#server = server
    for (const stub of this.#stubs) this.#apply(stub)
  }

  /** Returns a function that restores the action. */
  add(action: ActionClass | string, handler: unknown): () => void {
    this.#remove(nameOf(action))
    const stub: Stub = { action, handler, original: undefined }
    this.#apply(stub)
    this.#stubs.push(stub)
    return () => {
      if (this.#stubs.includes(stub)) this.#remove(nameOf(action))
    }
  }

  #apply(stub: Stub): void {
    const server = this.#server as Server
    const name = nameOf(stub.action)
    stub.original = server.actions.find((registered) => registered.name === name)
    if (stub.original !== undefined) server.removeAction(name)
    const actionClass = typeof stub.action === 'string' ? stub.original?.actionClass : stub.action
    put(server, name, actionClass, stub.handler)
  }

  #remove(name: string): void {
    const stub = this.#stubs.find(({ action }) => nameOf(action) === name)
    if (stub === undefined) return
    this.#stubs = this.#stubs.filter((other) => other !== stub)
    this.#server?.removeAction(name)
    const { original } = stub
    if (original !== undefined && this.#server !== undefined)
      put(this.#server, name, original.actionClass, original.instance ?? original.run)
  }
}

function put(server: Server, name: string, actionClass: ActionClass | undefined, implementation: unknown): void {
  // One of a tree has the name of its path.
  if (actionClass !== undefined && actionNameOf(actionClass) === name)
    server.addAction(actionClass, implementation as never)
  else server.addActions({ [name]: implementation } as never)
}

function nameOf(action: ActionClass | string): string {
  return typeof action === 'string' ? action : requireActionName(action)
}
