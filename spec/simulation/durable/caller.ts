// A client of the simulation over a store: starts operations, reads their items, gives some of them up.
import { type ActionClass, type Call, type Client, OutcomeUnknownError, type RunOptions } from '../../../lib/index.ts'
import type { Random } from '../random.ts'
import type { SimClock } from '../sim-clock.ts'
import { Again, Ask, AskBack, Collect, Confirm, Feed, Look, Pay, Plain, type Request } from './actions.ts'
import { type Operation, type OperationKind, type Oracle, showsSession } from './oracle.ts'

const classes: Readonly<Record<Exclude<OperationKind, 'collect'>, ActionClass>> = {
  pay: Pay,
  look: Look,
  feed: Feed,
  confirm: Confirm,
  plain: Plain,
  ask: Ask,
  again: Again,
}

export class Caller {
  readonly #client: Client
  readonly #clock: SimClock
  readonly #oracle: Oracle
  readonly #random: Random

  readonly #isPatient: boolean
  #hasSession = false
  #sessionCount = 0
  readonly #open = new Set<Operation>()

  constructor(client: Client, isPatient: boolean, clock: SimClock, oracle: Oracle, random: Random) {
    this.#client = client
    this.#isPatient = isPatient
    this.#clock = clock
    this.#oracle = oracle
    this.#random = random
    client.addAction(AskBack, (id: number) => id + 1)
    client.on('connect', ({ isResumed }) => {
      if (!isResumed) this.#onNewSession()
    })
  }

  /** Returns the operation, and a promise for when its caller has heard all. */
  start(kind: OperationKind, accountCount: number): readonly [Operation, Promise<void>] {
    const random = this.#random
    const id = this.#oracle.operations.length
    const accounts = Array.from({ length: random.between(0, 2) }, () => random.between(1, accountCount))
    const request: Request = {
      id,
      takesMs: random.pick([0, 20, 500, 3_000]),
      itemCount: random.between(0, 6),
      accounts,
      fails: random.pick([0, 0.5, 0.5, 1]),
      skips: random.pick([0, 0.5]),
    }
    const timeoutMs = random.chance(0.3) ? random.between(50, 40_000) : undefined
    const operation = this.#oracle.begin({
      request,
      kind,
      startedAtMs: this.#clock.now(),
      timeoutMs,
      isPatient: this.#isPatient && this.#hasSession,
    })
    const call = this.#call(operation)
    if (random.chance(0.12)) {
      const cancel = (): void => {
        operation.isCancelled = true
        call.cancel()
      }
      this.#clock.setTimer(cancel, random.between(0, 3_000))
    }
    return [operation, this.#follow(operation, call)]
  }

  /** Nothing is recorded of it before its first transactional call; calls that the former one lost are settled now. */
  #onNewSession(): void {
    this.#hasSession = false
    this.#sessionCount++
    this.#clock.setTimer(() => {
      for (const operation of this.#open) operation.isPatient = false
    }, 0)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #call({ request, kind, timeoutMs }: Operation): Call<unknown, number> {
    const options: RunOptions = timeoutMs === undefined ? {} : { timeoutMs }
    if (kind === 'collect')
      return this.#client.runAction(Collect, this.#numbers(request), options) as Call<unknown, never>
    return this.#client.runAction(classes[kind], request, options) as Call<unknown, number>
  }

  async *#numbers({ id, itemCount, takesMs }: Request): AsyncGenerator<number> {
    yield id
    for (let i = 0; i < itemCount; i++) {
      if (i === 1) await this.#sleep(takesMs / 2)
      yield i
    }
  }

  async #follow(operation: Operation, call: Call<unknown, number>): Promise<void> {
    this.#open.add(operation)
    const session = this.#sessionCount
    const ended = call.outcome().then((outcome) => {
      this.#open.delete(operation)
      operation.settledAtMs = this.#clock.now()
      return outcome
    })
    if (operation.kind === 'feed') {
      try {
        for await (const item of call) operation.items.push(item)
      } catch {
        // The outcome below has it.
      }
    }
    operation.outcome = await ended
    operation.wasCalm = !this.#oracle.wasTroubled
    // A server that leaves may answer it when its client has another session already.
    if (showsSession(operation) && session === this.#sessionCount) this.#hasSession = true
    // It begins another one.
    else if (!operation.outcome.ok && operation.outcome.error instanceof OutcomeUnknownError) this.#hasSession = false
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(resolve, ms))
  }
}
