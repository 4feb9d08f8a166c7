// Decides when a request of a web port begins: immediately while few do. Otherwise addresses take turns, so that
// neither many connections nor many requests in one write of a client delay others. Requests of one connection run in
// order (pipelines.ts).
//
//   request ──> begins                                          few begin in this turn of the event loop
//     ├───────> waits for those before it in its connection ──╮
//     ╰───────> waits for its address's turn <────────────────╯
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from '../../core/accounting/account.ts'
import type { Clock } from '../../core/base/clock.ts'
import { setImmediate } from '../../core/base/platform-timers.ts'
import { TurnBudget } from '../../core/base/turn-budget.ts'
import { Pipelines } from './pipelines.ts'

/** How many begin for one address per turn of the event loop. */
const mostOfOne = 8
/** How many begin in total, depending on how long turns take. Waiting ones are first in the next turn. */
const inAll = { most: 64, least: 4 }

type Begin = () => void

export class RequestTurns {
  /** By address, in the order of their turns. */
  readonly #waiting = new Map<object, Begin[]>()
  /** How many have begun in this turn. */
  readonly #begun = new Map<object, number>()
  #begunCount = 0
  #isPlanned = false
  readonly #pipelines: Pipelines
  readonly #inAll: TurnBudget

  constructor(clock: Clock) {
    this.#inAll = new TurnBudget(clock, inAll)
    this.#pipelines = new Pipelines(clock, () => this.#plan())
  }

  /** `account`: the account of the connection. A request whose connection has ended by its turn does not begin. */
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
    else if (this.#begunCount >= this.#inAll.amount || begun >= mostOfOne) this.#waiting.set(holder, [begin])
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
    this.#inAll.begin()
    this.#begun.clear()
    this.#begunCount = 0
    // One for each address per round.
    for (let round = 0; round < mostOfOne && this.#waiting.size > 0; round++) this.#round()
    this.#pipelines.readSome()
    if (this.#waiting.size > 0 || this.#pipelines.hasReady) this.#plan()
    else this.#inAll.rest()
  }

  #round(): void {
    for (const [holder, waiting] of [...this.#waiting]) {
      if (this.#begunCount >= this.#inAll.amount) return
      // Behind all others, if it has more.
      this.#waiting.delete(holder)
      const next = waiting.shift() as Begin
      if (waiting.length > 0) this.#waiting.set(holder, waiting)
      this.#begin(holder, next)
    }
  }
}
