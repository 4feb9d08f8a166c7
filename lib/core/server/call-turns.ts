// The calls that wait for the processor, by whom they belong to: an address with all of its sessions. Next is a call of the
// one that will have used least of the processor since calls began to wait once that call is over, as far as its former calls
// tell: so neither many sessions nor heavy calls keep others waiting, and a light call waits for no heavy ones, however
// many addresses these come from (this is weighted fair queueing). Who comes new begins with the least that others have
// used: nobody saves up turns. A call that waits alone, as those do of who awaits each before the next, is due at a part of
// that: it waits for no lines of others. Calls of one session keep their order.
//
//   used and one more:   12 + 5 ms  A: call call call        12 + 1 ms  B: call        12 + 3 ms  C (new): call        next: B, C, A
import type { Holder } from '../accounting/holders.ts'
import type { IsockError } from '../base/errors.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Payload } from '../wire/bytes/payload.ts'

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
  readonly holder: Holder
  calls: WaitingCall[]
  head: number
  usedMs: number
  /** What counts as used before its next call, and after it. */
  beginsMs: number
  dueMs: number
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
/** Of what it is expected to take, where no other call of its address waits. */
const partAlone = 1 / 16
/** Whatever was expected, a call that took no longer counts whole. */
const leastCountedMs = 1
/** How much one call changes what the next one is expected to take: less where it took more, since others may have made it wait. */
const newestPart = { ofMore: 1 / 8, ofLess: 1 / 2 }
/** A call counts for no more than so many times of what was expected: the rest was garbage that others made, or another process. */
const mostAbove = 4

export class CallTurns {
  /** Those without a call are kept for what they have used. */
  readonly #lanes = new Map<Holder, Lane>()
  /** Lanes with calls: who is due last first; of those who are due at the same time, who came last. */
  readonly #order: Lane[] = []
  readonly #stays = new Map<RunStarter, Stay>()
  /** Whose call has its turn. */
  #current: Lane | undefined
  /** What counted as used by the one who had the last turn, before it. */
  #leastMs = 0
  /** What a call of any address took lately: that is expected of a newcomer. */
  #callMs = 0
  #tidyAt = leastTidied

  /** Nothing waits, as far as is known before the turn that one has is over. */
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
    // Where it has its turn it is not known yet what that costs.
    if (!stay.lane.isWaiting && stay.lane !== this.#current) this.#insert(stay.lane, partAlone)
  }

  /** The next call, of which there must be one. It has its turn until it is over. */
  begin(): WaitingCall {
    const lane = this.#order.pop() as Lane
    const waiting = lane.calls[lane.head++] as WaitingCall
    this.#current = lane
    this.#leastMs = Math.max(this.#leastMs, lane.beginsMs)
    lane.isWaiting = false
    this.#leave(waiting.starter)
    return waiting
  }

  /** The turn of the call that began last is over: it kept the processor for so long. */
  over(tookMs: number): void {
    const lane = this.#current
    if (lane === undefined) return
    this.#current = undefined
    lane.usedMs += this.#learn(lane.holder, tookMs)
    if (lane.head < lane.calls.length) {
      // Not with each call: there may be many more.
      if (lane.head * 2 > lane.calls.length) this.#trim(lane)
      this.#insert(lane)
    } else this.#trim(lane)
    if (this.isEmpty) this.#forgetAll()
  }

  /** What a call counts for, by how long it kept the processor. */
  #learn(holder: Holder, tookMs: number): number {
    const { callMs } = holder
    this.#callMs = expected(this.#callMs, tookMs)
    const countedMs = callMs === undefined ? tookMs : Math.min(tookMs, Math.max(leastCountedMs, callMs * mostAbove))
    holder.callMs = callMs === undefined ? tookMs : expected(callMs, countedMs)
    return countedMs
  }

  #laneOf(holder: Holder): Lane {
    const known = this.#lanes.get(holder)
    if (known !== undefined) return known
    if (this.#lanes.size >= this.#tidyAt) this.#tidy()
    const lane: Lane = { holder, calls: [], head: 0, usedMs: this.#leastMs, beginsMs: 0, dueMs: 0, isWaiting: false }
    this.#lanes.set(holder, lane)
    return lane
  }

  /** Behind all others that are due at the same time. */
  #insert(lane: Lane, part = 1): void {
    lane.usedMs = Math.max(lane.usedMs, this.#leastMs)
    lane.beginsMs = part < 1 ? this.#leastMs : lane.usedMs
    lane.dueMs = lane.beginsMs + (lane.holder.callMs ?? this.#callMs) * part
    lane.isWaiting = true
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#order[middle] as Lane).dueMs > lane.dueMs) low = middle + 1
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

function expected(formerMs: number, tookMs: number): number {
  const moreMs = tookMs - formerMs
  return formerMs + moreMs * (moreMs > 0 ? newestPart.ofMore : newestPart.ofLess)
}
