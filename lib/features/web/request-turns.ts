// Decides when a request of a web port starts: immediately while there are few, otherwise addresses take turns, so that a client
// with many connections or requests does not delay others. Requests of one connection run in order (pipelines.ts).
//
//   request ──> starts                                          few requests in this turn of the event loop
//     ├───────> waits for those before it in its connection ──╮
//     ╰───────> waits for its address's turn <────────────────╯
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from '../../core/accounting/account.ts'
import type { Clock } from '../../core/base/clock.ts'
import { setImmediate } from '../../core/base/platform-timers.ts'
import { TurnBudget } from '../../core/base/turn-budget.ts'
import { Pipelines } from './pipelines.ts'

/** How many requests of one address start per turn of the event loop. */
const maxPerAddress = 8
/** How many requests start per turn in total, depending on how long turns take. Waiting ones come first in the next turn. */
const totalPerTurn = { most: 64, least: 4 }

type Begin = () => void

export class RequestTurns {
  /** The waiting requests by address, in the order of their turns. */
  readonly #waiting = new Map<object, Begin[]>()
  /** How many requests have started in this turn, by address. */
  readonly #begun = new Map<object, number>()
  #begunCount = 0
  #isPlanned = false
  readonly #pipelines: Pipelines
  readonly #budget: TurnBudget

  constructor(clock: Clock) {
    this.#budget = new TurnBudget(clock, totalPerTurn)
    this.#pipelines = new Pipelines(clock, () => this.#plan())
  }

  /** Calls `begin` when it is the request's turn, unless its connection has ended. `account` is that of the connection. */
  arrive(request: IncomingMessage, response: ServerResponse, account: Account, begin: Begin): void {
    const { socket } = request
    const holder = account.part.address
    const beginIfThere = (): void => {
      if (!socket.destroyed) begin()
    }
    if (response.socket !== null) this.#take(holder, beginIfThere)
    else this.#pipelines.wait(socket, response, account, () => this.#take(holder, beginIfThere))
  }

  #take(holder: object, begin: Begin): void {
    const begun = this.#begun.get(holder) ?? 0
    const waiting = this.#waiting.get(holder)
    if (waiting !== undefined) waiting.push(begin)
    else if (this.#begunCount >= this.#budget.amount || begun >= maxPerAddress) this.#waiting.set(holder, [begin])
    else this.#begin(holder, begin)
    this.#plan()
  }

  #begin(holder: object, begin: Begin): void {
    this.#begunCount++
    this.#begun.set(holder, (this.#begun.get(holder) ?? 0) + 1)
    begin()
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isPlanned = false
    this.#budget.begin()
    this.#begun.clear()
    this.#begunCount = 0
    // One for each address per round.
    for (let round = 0; round < maxPerAddress && this.#waiting.size > 0; round++) this.#round()
    this.#pipelines.readSome()
    if (this.#waiting.size > 0 || this.#pipelines.hasReady) this.#plan()
    else this.#budget.rest()
  }

  #round(): void {
    for (const [holder, waiting] of [...this.#waiting]) {
      if (this.#begunCount >= this.#budget.amount) return
      // To the end of the order, if it has more.
      this.#waiting.delete(holder)
      const next = waiting.shift() as Begin
      if (waiting.length > 0) this.#waiting.set(holder, waiting)
      this.#begin(holder, next)
    }
  }
}
