// The other end of child.ts: takes the orders that its parent gives and answers each. Ends with its parent.
import type { Order, Reply } from '../child.ts'

export type Orders = Record<string, (order: never) => unknown>

export function takeOrders(orders: Orders): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (order: Order) => {
    void obey(orders, order).then(answer)
  })
}

/** Tells the parent how far it is. */
export function tellProgress(progress: string): void {
  answer({ progress })
}

async function obey(orders: Orders, order: Order): Promise<Reply> {
  try {
    const run = orders[order.do]
    if (run === undefined) throw new Error(`no such order: ${order.do}`)
    return { ok: true, result: await run(order as never) }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

function answer(reply: Reply): void {
  process.send?.(reply)
}
