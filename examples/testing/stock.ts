// What the tests beside it test: an action that others share, and one that calls a slow supplier.
import { Action, ActionError } from 'isock'

export class SoldOut extends ActionError {}

export class Order extends Action {
  static override errors = [SoldOut]
  readonly #stock: Map<string, number>

  constructor(stock: Map<string, number>) {
    super()
    this.#stock = stock
  }

  action({ item }: { item: string }) {
    const left = (this.#stock.get(item) ?? 0) - 1
    if (left < 0) throw new SoldOut(`no ${item} is left`)
    this.#stock.set(item, left)
    return { left }
  }
}

/** Runs elsewhere. */
export class Quote extends Action<string, number> {
  static override idempotent = true
}
