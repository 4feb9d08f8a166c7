// The calls that wait for the processor, by whom they belong to: an address with all of its sessions. Next is a call of the
// one that has used least of the processor since calls began to wait, so that neither many sessions nor heavy calls keep
// others waiting. Who comes new begins with the least that others have used: nobody saves up turns. Calls of one session
// keep their order.
//
//   used:   12 ms  A: call call call        7 ms  B: call        7 ms  C (new): call call        next: B, then C
import type { Holder } from '../accounting/holders.ts'
import type { IsockError } from '../base/errors.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Payload } from '../wire/payload.ts'

/** Who runs a call when its turn has come. */
export interface RunStarter {
  /** An address with all of its sessions. Its calls share its turns, and its part of what may run. */
  readonly holder: Holder
  run(call: IncomingCall): void
  encodeError(error: IsockError): Payload
}

export interface WaitingCall {
  readonly call: IncomingCall
  readonly starter: RunStarter
  /** From then on it is not started any more. */
  readonly giveUpAtMs: number
}

interface Lane {
  readonly holder: object
  calls: WaitingCall[]
  head: number
  usedMs: number
  /** It is among those that have a turn. */
  isWaiting: boolean
}

/** Where calls of one session wait, and how many: also after it has gone over to another address. */
interface Stay {
  readonly lane: Lane
  count: number
}

/** A list of lanes that is not longer than this is not worth tidying. */
const leastTidied = 64

export class CallTurns {
  /** Those without a call are kept for what they have used. */
  readonly #lanes = new Map<object, Lane>()
  /** Lanes with calls: who has used most first; of those who have used as much, who came last. */
  readonly #order: Lane[] = []
  readonly #stays = new Map<RunStarter, Stay>()
  /** What the one who had the last turn had used before it. */
  #leastMs = 0
  #tidyAt = leastTidied

  get isEmpty(): boolean {
    return this.#order.length === 0
  }

  /** Addresses that it knows of at the moment. */
  get laneCount(): number {
    return this.#lanes.size
  }

  add(waiting: WaitingCall): void {
    const { starter } = waiting
    let stay = this.#stays.get(starter)
    if (stay === undefined) {
      stay = { lane: this.#laneOf(starter.holder), count: 0 }
      this.#stays.set(starter, stay)
    }
    stay.count++
    stay.lane.calls.push(waiting)
    if (!stay.lane.isWaiting) this.#insert(stay.lane)
  }

  /** Takes the next call, of which there must be one, and starts it; `start` returns how long that kept the processor. */
  next(start: (waiting: WaitingCall) => number): void {
    const lane = this.#order.pop() as Lane
    const waiting = lane.calls[lane.head++] as WaitingCall
    this.#leastMs = lane.usedMs
    lane.isWaiting = false
    this.#leave(waiting.starter)
    lane.usedMs += start(waiting)
    if (lane.head < lane.calls.length) {
      // Not with each call: there may be many more.
      if (lane.head * 2 > lane.calls.length) this.#trim(lane)
      if (!lane.isWaiting) this.#insert(lane)
    } else this.#trim(lane)
    if (this.isEmpty) this.#forgetAll()
  }

  #laneOf(holder: object): Lane {
    const known = this.#lanes.get(holder)
    if (known !== undefined) return known
    if (this.#lanes.size >= this.#tidyAt) this.#tidy()
    const lane: Lane = { holder, calls: [], head: 0, usedMs: this.#leastMs, isWaiting: false }
    this.#lanes.set(holder, lane)
    return lane
  }

  /** Behind all others that have used as much. */
  #insert(lane: Lane): void {
    lane.usedMs = Math.max(lane.usedMs, this.#leastMs)
    lane.isWaiting = true
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#order[middle] as Lane).usedMs > lane.usedMs) low = middle + 1
      else high = middle
    }
    this.#order.splice(low, 0, lane)
  }

  #leave(starter: RunStarter): void {
    const stay = this.#stays.get(starter)
    if (stay !== undefined && --stay.count === 0) this.#stays.delete(starter)
  }

  #trim(lane: Lane): void {
    lane.calls = lane.calls.slice(lane.head)
    lane.head = 0
  }

  /** Those who have used no more than others by now begin again with that. */
  #tidy(): void {
    for (const lane of this.#lanes.values()) {
      if (!lane.isWaiting && lane.head === lane.calls.length && lane.usedMs <= this.#leastMs)
        this.#lanes.delete(lane.holder)
    }
    this.#tidyAt = Math.max(leastTidied, 2 * this.#lanes.size)
  }

  /** Nobody waits: what was used before is forgotten. */
  #forgetAll(): void {
    this.#lanes.clear()
    this.#leastMs = 0
    this.#tidyAt = leastTidied
  }
}
