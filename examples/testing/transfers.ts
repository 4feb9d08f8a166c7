// Two actions that a simulation runs through faults: one that must not run twice, and one that may.
import { Action } from 'isock'

type Store = Map<string, unknown>

/** Not idempotent: isock never runs it twice for one call. */
export class Deposit extends Action {
  readonly #store: Store

  constructor(store: Store) {
    super()
    this.#store = store
  }

  action({ amount }: { amount: number; id: string }) {
    const balance = Number(this.#store.get('balance') ?? 0) + amount
    this.#store.set('balance', balance)
    return balance
  }
}

/** Idempotent: it may run again after a crash, and sets the same entry again. */
export class Rename extends Action {
  static override idempotent = true
  readonly #store: Store

  constructor(store: Store) {
    super()
    this.#store = store
  }

  action(name: string) {
    this.#store.set('name', name)
    return name
  }
}
