// Order and OutOfStock: an action that throws an error class of its own, which the client catches as that class.
import { Action, ActionError } from 'isock'

/** Thrown by Order where there is less than was ordered. */
export class OutOfStock extends ActionError {
  readonly item: string
  readonly wanted: number
  readonly left: number

  constructor(item: string, wanted: number, left: number) {
    super(`${wanted} x ${item} ordered, ${left} left`, { code: 'OUT_OF_STOCK' })
    this.item = item
    this.wanted = wanted
    this.left = left
  }
}

/** What Order takes. */
export interface OrderLine {
  readonly item: string
  readonly quantity: number
}

/** Takes items from the stock, and returns how many are left. */
export class Order extends Action {
  static override errors = [OutOfStock]
  readonly #stock: Map<string, number>

  constructor(stock: Map<string, number>) {
    super()
    this.#stock = stock
  }

  override action({ item, quantity }: OrderLine): number {
    const left = this.#stock.get(item) ?? 0
    if (quantity > left) throw new OutOfStock(item, quantity, left)
    this.#stock.set(item, left - quantity)
    return left - quantity
  }
}
