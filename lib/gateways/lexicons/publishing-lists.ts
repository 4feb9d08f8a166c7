// The lists of signals whose messages are on their way to the readers of one gateway: rooms deliver each by itself, and the
// order across rooms is that of the signals.
import { setImmediate } from '../../core/base/platform-timers.ts'
import type { GatheredEntry } from './gathered-entries.ts'
import type { SignalList } from './signal-list.ts'

/** Readers gather what comes for a turn more than the client whose list it is. */
const moreTurns = 2

export class PublishingLists {
  readonly #lists = new Set<SignalList>()

  /** It has just been published; `work` settles when its own client has got it. */
  async during<T>(list: SignalList, work: () => Promise<T>): Promise<T> {
    this.#lists.add(list)
    const result = await work()
    void this.#forget(list)
    return result
  }

  /** What came to one client, in the order of these lists. */
  arrange(arrived: readonly GatheredEntry[]): readonly GatheredEntry[] {
    let entries = arrived
    if (arrived.length > 1)
      for (const list of this.#lists) entries = list.arrange(entries, 'without') as readonly GatheredEntry[]
    return entries
  }

  async #forget(list: SignalList): Promise<void> {
    for (let turns = 0; turns < moreTurns; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
    this.#lists.delete(list)
  }
}
