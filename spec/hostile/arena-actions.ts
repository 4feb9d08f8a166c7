// What hostile peers call: an answer, a run without end, a flood, and an input that nobody reads.
import { Action, type Context } from '../../lib/index.ts'

export class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

/** Runs until it is told to end. */
export class Hold extends Action {
  static runs = 0
  static aborted = 0

  async action(_data: unknown, { signal }: Context) {
    Hold.runs++
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    Hold.aborted++
  }
}

/** Items without end, as fast as they are taken. */
export class Flood extends Action {
  static yielded = 0

  async *action(itemBytes: number) {
    const item = 'x'.repeat(itemBytes)
    for (;;) {
      Flood.yielded++
      yield item
    }
  }
}

/** Takes a stream and never reads it. */
export class Ignore extends Action {
  async action(_items: AsyncIterable<unknown>, { signal }: Context) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}

/** The names by which raw peers call the arena's actions, in the order of their refs. */
export const arenaActions = ['Echo', 'Hold', 'Flood', 'Ignore'] as const
export const refs = { Echo: 0, Hold: 1, Flood: 2, Ignore: 3 } as const
