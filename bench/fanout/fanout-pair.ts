// A publisher and its subscribers, each side a process of its own, and one measurement with them.
import type { Cell } from '../cells.ts'
import { Child } from '../child.ts'
import { firstWarmUpMs, type Sample, type Sampler, sidesOf, warmUpShare } from '../pair.ts'
import { watchProcessors } from '../processors.ts'
import type { Burst, FannedOut, FanoutOrder } from './worker.ts'

export class FanoutPair implements Sampler {
  readonly #publisher: Child<FanoutOrder>
  #isWarm = false

  private constructor(publisher: Child<FanoutOrder>) {
    this.#publisher = publisher
  }

  /** `module`: in bench/. */
  static async start(module: string, subscribers: number): Promise<FanoutPair> {
    return new FanoutPair(
      await Child.start<FanoutOrder>('fanout/worker.js', ['publisher', module, String(subscribers)]),
    )
  }

  sample({ inFlight }: Pick<Cell, 'inFlight'>, ms: number): Promise<Sample> {
    return this.sampleBursts({ messages: inFlight, isSpread: false }, ms)
  }

  async sampleBursts(burst: Burst, ms: number): Promise<Sample> {
    await this.#publish(burst, this.#isWarm ? ms * warmUpShare : firstWarmUpMs)
    this.#isWarm = true
    const meanwhile = watchProcessors()
    const { deliveries, seconds, publisher, subscribers } = await this.#publish(burst, ms)
    return {
      perSecond: deliveries / seconds,
      p50Ms: undefined,
      p99Ms: undefined,
      ...sidesOf(deliveries, publisher, subscribers),
      ...meanwhile(publisher.cpuSeconds + subscribers.cpuSeconds),
    }
  }

  #publish(burst: Burst, ms: number): Promise<FannedOut> {
    return this.#publisher.ask<FannedOut>({ do: 'publish', burst, ms })
  }

  async close(): Promise<void> {
    await this.#publisher.close({ do: 'close' })
  }
}
