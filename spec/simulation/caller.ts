// A client of the simulation: starts operations, reads their items, gives some of them up.
import type { ActionClass, Call, Client, RunOptions } from '../../lib/index.ts'
import { AskBack, Idempotent, Meet, Nested, Quick, type Request, Slow, Stream, Throwing, Upload } from './actions.ts'
import type { Operation, OperationKind, Oracle } from './oracle.ts'
import type { Random } from './random.ts'
import type { SimClock } from './sim-clock.ts'

export interface CallerOptions {
  readonly clock: SimClock
  readonly oracle: Oracle
  readonly random: Random
  readonly retries: number
}

const classes: Readonly<Record<Exclude<OperationKind, 'upload'>, ActionClass>> = {
  quick: Quick,
  slow: Slow,
  throwing: Throwing,
  stream: Stream,
  nested: Nested,
  idempotent: Idempotent,
}

export class Caller {
  readonly #client: Client
  readonly #options: CallerOptions
  readonly #ends = new Map<Operation, Promise<void>>()

  constructor(client: Client, options: CallerOptions) {
    this.#client = client
    this.#options = options
    client.addAction(AskBack, (id: number) => id + 1)
  }

  start(kind: OperationKind): Operation {
    const { random, oracle, clock, retries } = this.#options
    const itemCount = random.between(0, 40)
    const timeoutMs = random.chance(0.4) ? random.between(50, 40_000) : undefined
    const operation = oracle.begin({
      id: oracle.operations.length,
      kind,
      startedAtMs: clock.now(),
      timeoutMs,
      itemCount,
      retries,
    })
    const call = this.#call(operation, random.between(0, 4_000))
    this.#ends.set(operation, this.#follow(operation, call))
    if (random.chance(0.15)) {
      clock.setTimer(
        () => {
          operation.isCancelled = true
          call.cancel()
        },
        random.between(0, 3_000),
      )
    }
    return operation
  }

  ended(operation: Operation): Promise<void> {
    return this.#ends.get(operation) ?? Promise.resolve()
  }

  /** Runs so many calls that wait for each other. Says what is wrong when they do not all run at once. */
  async probe(name: number, count: number): Promise<string[]> {
    // What the network still holds back from before may cost the first connection.
    await this.#client.runAction(Meet, { name: -1, count: 1 }, { retry: 50 }).outcome()
    const calls = Array.from({ length: count }, () =>
      this.#client.runAction(Meet, { name, count }, { timeoutMs: 50_000 }).outcome(),
    )
    const failed = (await Promise.all(calls)).flatMap((outcome) => (outcome.ok ? [] : [String(outcome.error)]))
    return failed.length === 0 ? [] : [`client ${name} could not run ${count} calls at once: ${failed[0]}`]
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #call(operation: Operation, takesMs: number): Call<unknown, number> {
    const { id, kind, itemCount, timeoutMs } = operation
    const options: RunOptions = timeoutMs === undefined ? {} : { timeoutMs }
    if (kind === 'upload')
      return this.#client.runAction(Upload, this.#numbers(id, itemCount, takesMs), options) as Call<unknown, never>
    const request: Request = { id, takesMs, itemCount }
    return this.#client.runAction(classes[kind], request, options) as Call<unknown, number>
  }

  async *#numbers(id: number, count: number, takesMs: number): AsyncGenerator<number> {
    const { clock } = this.#options
    yield id
    for (let i = 0; i < count; i++) {
      if (i % 4 === 0) await new Promise<void>((resolve) => clock.setTimer(resolve, takesMs / count))
      yield i
    }
  }

  async #follow(operation: Operation, call: Call<unknown, number>): Promise<void> {
    const { clock, random } = this.#options
    const ended = call.outcome().then((outcome) => {
      operation.settledAtMs = clock.now()
      return outcome
    })
    if (operation.kind === 'stream') {
      try {
        for await (const item of call) {
          operation.items.push(item)
          if (random.chance(0.1)) await new Promise<void>((resolve) => clock.setTimer(resolve, random.between(0, 500)))
        }
      } catch {
        // The outcome below has it.
      }
    }
    operation.outcome = await ended
  }
}
