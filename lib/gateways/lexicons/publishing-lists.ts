// The lists of signals whose messages are being delivered. Rooms deliver separately; across rooms, messages keep the
// order of the signals.
import { setImmediate } from '../../core/base/platform-timers.ts'
import type { BatchEntry } from './entry-batch.ts'
import type { SignalList } from './signal-list.ts'

/** Readers collect messages for more turns than the client that sent the list. */
const moreTurns = 2

export class PublishingLists {
  readonly #lists = new Set<SignalList>()

  /** Called when the list has just been published; `work` settles when its own client has received it. */
  async during<T>(list: SignalList, work: () => Promise<T>): Promise<T> {
    this.#lists.add(list)
    const result = await work()
    void this.#forget(list)
    return result
  }

  /** The messages to one client, in the order of these lists. */
  arrange(arrived: readonly BatchEntry[]): readonly BatchEntry[] {
    let entries = arrived
    if (arrived.length > 1)
      for (const list of this.#lists) entries = list.arrange(entries, 'without') as readonly BatchEntry[]
    return entries
  }

  async #forget(list: SignalList): Promise<void> {
    for (let turns = 0; turns < moreTurns; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
    this.#lists.delete(list)
  }
}
