// The calls that wait for the processor, by holder: an address with all of its sessions. Next is a call of the holder that
// will have used the least processor time since calls began to wait once that call is over, as estimated from its former
// calls (weighted fair queueing). So neither many sessions nor heavy calls keep others waiting, and a light call waits for no
// heavy ones, even from many addresses. A newcomer begins with the least that others have used: turns cannot be saved
// up. A call that waits alone, as those of a client that awaits each call before the next, is due at a fraction of
// that: it does not wait behind the queues of others. Calls of one session keep their order.
//
//   used and one more:   12 + 5 ms  A: call call call        12 + 1 ms  B: call        12 + 3 ms  C (new): call        next: B, C, A
import type { Holder } from '../accounting/holders.ts'
import type { IsockError } from '../base/errors.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Payload } from '../wire/bytes/payload.ts'

/** Runs a call when its turn has come. */
export interface RunStarter {
  /** An address with all of its sessions. Its calls share its turns, and its share of the running calls. */
  readonly holder: Holder
  run(call: IncomingCall): void
  encodeError(error: IsockError): Payload
}

export interface WaitingCall {
  readonly call: IncomingCall
  readonly starter: RunStarter
  /** From then on it is rejected instead of started. */
  readonly giveUpAtMs: number
}

interface Lane {
  readonly holder: Holder
  calls: WaitingCall[]
  head: number
  usedMs: number
  /** The time that counts as used before its next call, and after it. */
  beginsMs: number
  dueMs: number
  /** It is in the order of turns. */
  isWaiting: boolean
}

/** The lane in which the calls of one session wait, and their number; kept even after the session moved to another address. */
interface Stay {
  readonly lane: Lane
  count: number
}

/** Up to this number of lanes, tidying is not worth it. */
const leastTidied = 64
/** The fraction of its expected time that counts for a call that waits alone at its address. */
const partAlone = 1 / 16
/** A call up to this duration counts in full, whatever was expected. */
const leastCountedMs = 1
/** How much one call changes the expected time of the next: less if it took longer, because others may have delayed it. */
const newestPart = { ofMore: 1 / 8, ofLess: 1 / 2 }
/** A call counts for at most this multiple of its expected time: the rest was garbage collection for others, or another process. */
const mostAbove = 4

export class CallTurns {
  /** Lanes without calls are kept to remember what they have used. */
  readonly #lanes = new Map<Holder, Lane>()
  /** Lanes with calls, the one due last first; of equals, the latest to come first. */
  readonly #order: Lane[] = []
  readonly #stays = new Map<RunStarter, Stay>()
  /** The lane whose call has its turn. */
  #current: Lane | undefined
  /** The used time of the lane that had the last turn, before that turn. */
  #leastMs = 0
  /** The recent duration of calls of any address: expected of a newcomer. */
  #callMs = 0
  #tidyAt = leastTidied

  /** Nothing waits, apart from further calls of the lane that has its turn. */
  get isEmpty(): boolean {
    return this.#order.length === 0
  }

  /** The number of addresses it currently keeps. */
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
    // While it has its turn, the cost of that turn is not known yet.
    if (!stay.lane.isWaiting && stay.lane !== this.#current) this.#insert(stay.lane, partAlone)
  }

  /** Takes the next call; there must be one. It has its turn until `over`. */
  begin(): WaitingCall {
    const lane = this.#order.pop() as Lane
    const waiting = lane.calls[lane.head++] as WaitingCall
    this.#current = lane
    this.#leastMs = Math.max(this.#leastMs, lane.beginsMs)
    lane.isWaiting = false
    this.#leave(waiting.starter)
    return waiting
  }

  /** Called when the turn of the last begun call is over, with the time for which it kept the processor. */
  over(tookMs: number): void {
    const lane = this.#current
    if (lane === undefined) return
    this.#current = undefined
    lane.usedMs += this.#learn(lane.holder, tookMs)
    if (lane.head < lane.calls.length) {
      // Not after each call: there may be many more.
      if (lane.head * 2 > lane.calls.length) this.#trim(lane)
      this.#insert(lane)
    } else this.#trim(lane)
    if (this.isEmpty) this.#forgetAll()
  }

  /** Updates the expected times, and returns the time for which a call counts. */
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

  /** Inserts the lane behind all others that are due at the same time. */
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

  /** Drops lanes that have used no more than a newcomer would start with. */
  #tidy(): void {
    for (const lane of this.#lanes.values()) {
      if (!lane.isWaiting && lane.head === lane.calls.length && lane.usedMs <= this.#leastMs)
        this.#lanes.delete(lane.holder)
    }
    this.#tidyAt = Math.max(leastTidied, 2 * this.#lanes.size)
  }

  /** Called when nothing waits: drops what was used before. */
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
