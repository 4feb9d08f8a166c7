// The calls that have a slot: which call a seq belongs to, whether there is room for more, which answers the callee may forget.
import { type Payload, payloadSize } from '../wire/bytes/payload.ts'
import { Acks } from './acks.ts'
import { callSize, type OutgoingCall } from './outgoing-call.ts'
import { SentBytes } from './sent-bytes.ts'
import { Slots } from './slots.ts'

export class SentCalls {
  #slots = new Slots(0)
  #acks = new Acks()
  #bytes = new SentBytes(0)
  #bySlot: (OutgoingCall | undefined)[] = []
  #hasSession = false

  /** There is a session, be it that it has no link at the moment. */
  get hasSession(): boolean {
    return this.#hasSession
  }

  /** There is a free slot, and the callee takes the call's data beside that of those which were sent. */
  hasRoomFor(call: OutgoingCall): boolean {
    return this.#slots.hasFree && this.#bytes.hasRoomFor(callSize(call.request))
  }

  /** A new session, with this many slots for this many bytes of data. Returns the calls of the former one, in order. */
  begin(slotCount: number, maxBytes: number): OutgoingCall[] {
    const former = this.inOrder()
    this.#hasSession = slotCount > 0
    this.#slots = new Slots(slotCount)
    this.#acks = new Acks()
    this.#bytes = new SentBytes(maxBytes)
    this.#bySlot = []
    return former
  }

  /** Gives the call a slot and its seq. */
  add(call: OutgoingCall): void {
    const seq = this.#slots.take()
    const slot = this.#slots.slotOf(seq)
    this.#acks.reused(slot)
    this.#bySlot[slot] = call
    this.#bytes.sent(slot, callSize(call.request))
    call.seq = seq
    call.state = 'sent'
  }

  /** The call that has this very seq; a late answer to an earlier call of the slot finds none. */
  find(seq: number): OutgoingCall | undefined {
    const call = this.#bySlot[this.#slots.slotOf(seq)]
    return call?.seq === seq ? call : undefined
  }

  /** The callee has answered: the slot is free. Returns the seqs that are worth acknowledging now. */
  remove(call: OutgoingCall, answer: Payload): number[] {
    const slot = this.#slots.slotOf(call.seq)
    this.#bySlot[slot] = undefined
    this.#bytes.answered(slot)
    // What the callee keeps for this call: its answer, and the items that it does not know to have arrived.
    this.#acks.settled(slot, call.seq, payloadSize(answer) + (call.items?.unconfirmedCost ?? 0))
    this.#slots.release(call.seq)
    return this.#acks.due()
  }

  /** The seqs of all answers that were not acknowledged. */
  untold(): number[] {
    return this.#acks.untold()
  }

  /** In the order in which their caller made them: slots say nothing about it. */
  inOrder(): OutgoingCall[] {
    return this.all().sort((one, other) => one.request.order - other.request.order)
  }

  /** A copy, by slot: calls may leave while it is read. */
  all(): OutgoingCall[] {
    return this.#bySlot.filter((call) => call !== undefined)
  }
}

/** Sends what the call's input has, and says whether it has one. */
export function pumpInput({ input }: OutgoingCall): boolean {
  input?.pump()
  return input !== undefined
}
