// Streams in both directions: items that an action yields, items that it reads, and how a reader stops it.
import { setTimeout as sleep } from 'node:timers/promises'
import { Action, type Context } from 'isock'
import { createHarness } from 'isock/testing'

/** Yields for ever, until its reader stops. */
class Ticks extends Action {
  readonly #stopped: () => void

  constructor(stopped: () => void) {
    super()
    this.#stopped = stopped
  }

  override async *action(everyMs: number, { signal }: Context): AsyncGenerator<number, void, undefined> {
    try {
      for (let tick = 1; ; tick++) {
        yield tick
        await sleep(everyMs, undefined, { signal })
      }
    } finally {
      this.#stopped()
    }
  }
}

/** Reads a stream of numbers, returns their sum. */
class Sum extends Action {
  override async action(numbers: AsyncIterable<number>): Promise<number> {
    let sum = 0
    for await (const number of numbers) sum += number
    return sum
  }
}

/** Both at once: an item out for each item in, while they come. */
class Running extends Action {
  override async *action(numbers: AsyncIterable<number>): AsyncGenerator<number, string, undefined> {
    let sum = 0
    for await (const number of numbers) {
      sum += number
      yield sum
    }
    return `the last sum was ${sum}`
  }
}

let tellStopped = (): void => undefined
const stopped = new Promise<void>((resolve) => {
  tellStopped = resolve
})
await using harness = await createHarness({ actions: [new Ticks(tellStopped), new Sum(), new Running()] })
const { client } = harness

console.log('items until break:')
for await (const tick of client.runAction(Ticks, 1)) {
  console.log('  tick', tick)
  if (tick === 3) break
}
await stopped
console.log('  the action was stopped')

console.log('a stream as input:')
console.log('  sum', await client.runAction(Sum, numbersTo(100)))

console.log('both ways:')
const call = client.runAction(Running, numbersTo(4))
for await (const sum of call) console.log('  so far', sum)
console.log(' ', await call)

async function* numbersTo(last: number): AsyncGenerator<number> {
  for (let number = 1; number <= last; number++) yield number
}
