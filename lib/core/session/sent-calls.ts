// The calls that have a slot. Finds the call of a seq, knows whether there is room for more, and acknowledges answers.
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

  /** Whether there is a session, with or without a link. */
  get hasSession(): boolean {
    return this.#hasSession
  }

  /** Whether there is a free slot, and the callee accepts the call's data in addition to that of the sent calls. */
  hasRoomFor(call: OutgoingCall): boolean {
    return this.#slots.hasFree && this.#bytes.hasRoomFor(callSize(call.request))
  }

  /** Called when there is a new session, with this number of slots and bytes. Returns the calls of the former one, in order. */
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

  /** The call with exactly this seq; undefined for a late answer to an earlier call of the slot. */
  find(seq: number): OutgoingCall | undefined {
    const call = this.#bySlot[this.#slots.slotOf(seq)]
    return call?.seq === seq ? call : undefined
  }

  /** Called when the callee has answered: releases the slot. Returns the seqs that are worth acknowledging now. */
  remove(call: OutgoingCall, answer: Payload): number[] {
    const slot = this.#slots.slotOf(call.seq)
    this.#bySlot[slot] = undefined
    this.#bytes.answered(slot)
    // What the callee keeps for this call: its answer, and the items that were not confirmed.
    this.#acks.settled(slot, call.seq, payloadSize(answer) + (call.items?.unconfirmedCost ?? 0))
    this.#slots.release(call.seq)
    return this.#acks.due()
  }

  /** The seqs of all answers that were not acknowledged. */
  untold(): number[] {
    return this.#acks.untold()
  }

  /** In the order in which the caller made them, which slots do not show. */
  inOrder(): OutgoingCall[] {
    return this.all().sort((one, other) => one.request.order - other.request.order)
  }

  /** A copy, by slot, because calls may leave while it is read. */
  all(): OutgoingCall[] {
    return this.#bySlot.filter((call) => call !== undefined)
  }
}

/** Sends the items of the call's input, and returns whether it has one. */
export function pumpInput({ input }: OutgoingCall): boolean {
  input?.pump()
  return input !== undefined
}
