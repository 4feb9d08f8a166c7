// The entry to the value layer: encodes a program's values into payloads, and decodes them. Most values are plain, and
// packed in one walk; see value-packer.ts, rich-format.ts and PROTOCOL.md.

import { IsockError, UnsendableError } from '../base/errors.ts'
import { Encoded } from './bytes/encoded.ts'
import { isSpent, ownBytes, spentReason } from './bytes/owned-bytes.ts'
import { Packed } from './bytes/packed.ts'
import type { Payload } from './bytes/payload.ts'
import { SpareMemory } from './bytes/spare-memory.ts'
import { ValuePacker } from './packed/value-packer.ts'
import { ValueUnpacker } from './packed/value-unpacker.ts'
import { isBareBytes } from './rich/binary-values.ts'
import type { ClassRegistry } from './rich/class-registry.ts'
import { jsonTextFault } from './rich/json-text-scan.ts'
import { RichFormat } from './rich/rich-format.ts'
import { badRequest } from './values/bad-request.ts'
import type { StreamPlaces } from './values/stream-places.ts'
import { defaultValueLimits, type ValueLimits, type ValueRules } from './values/value-limits.ts'
import { textWeightOf } from './values/value-weight.ts'

export { type ValueLimits, type ValueRules, valueLimitsOf } from './values/value-limits.ts'

/** Turns values into payloads and back. */
export interface ValueCodec {
  /**
   * The payload shares no memory with the value: the program may reuse its bytes afterwards.
   *
   * @param label names the value in errors: `data`, `result` ...
   * @param memory 'lent': the payload is for one call, after which its memory may be reused; default 'own'.
   * @param streams receives the streams in the value; default: streams cannot be sent.
   * @throws UnsendableError that names the place in the value, such as `data.items[3].callback`.
   */
  encode(value: unknown, label: string, rules?: ValueRules, memory?: Memory, streams?: StreamPlaces): Payload
  /** @throws ServerError with code `BAD_REQUEST` and the fault, for anything that `encode` would not have made. */
  decode(payload: Payload, rules?: ValueRules): unknown
  /** The approximate memory of the last decoded value, without its texts and bytes. */
  readonly decodedWeight: number
}

const noRules: ValueRules = {}

/** Whether a payload's memory is its own for good, or may be reused after its one call. */
export type Memory = 'own' | 'lent'

/** Msgpack for plain values, the bytes themselves for a `Uint8Array`, and superjson's format for all others. */
export class StandardCodec implements ValueCodec {
  readonly #limits: ValueLimits
  readonly #packer: ValuePacker
  readonly #unpacker: ValueUnpacker
  readonly #rich: RichFormat
  readonly #spare = new SpareMemory()
  #decodedWeight = 0

  /**
   * @param classes the classes that keep their identity on the wire. Shared, not copied: later declarations count.
   * @param limits bounds on one value; omitted ones have the defaults of {@link ValueLimits}.
   */
  constructor(classes: ClassRegistry, limits: Partial<ValueLimits> = {}) {
    this.#limits = { ...defaultValueLimits, ...limits }
    this.#packer = new ValuePacker(this.#limits)
    this.#unpacker = new ValueUnpacker(this.#limits)
    this.#rich = new RichFormat(classes, this.#limits)
  }

  get decodedWeight(): number {
    return this.#decodedWeight
  }

  encode(value: unknown, label: string, rules: ValueRules = noRules, memory?: Memory, streams?: StreamPlaces): Payload {
    if (value === undefined) return undefined
    const lender = memory === 'lent' ? this.#spare : undefined
    try {
      if (isBareBytes(value)) {
        if (isSpent(value)) throw new UnsendableError(label, spentReason)
        return ownBytes(value, lender)
      }
      const packed = this.#packer.pack(value)
      if (packed !== undefined) return packed
      return value instanceof Encoded ? value.payload : this.#rich.encode(value, label, rules, lender, streams)
    } catch (error) {
      if (error instanceof UnsendableError) throw error
      // A text of more than half a gigabyte.
      throw new UnsendableError(label, `it could not be written as text (${String(error)})`, { cause: error })
    }
  }

  decode(payload: Payload, rules: ValueRules = noRules): unknown {
    this.#decodedWeight = 0
    if (payload === undefined) return undefined
    if (payload instanceof Packed) {
      const value = this.#unpacker.unpack(payload)
      this.#decodedWeight = this.#unpacker.weight
      return value
    }
    if (typeof payload === 'string') {
      const value = this.#parse(payload)
      this.#decodedWeight = textWeightOf(payload)
      return value
    }
    if (isBareBytes(payload)) return payload
    if (ArrayBuffer.isView(payload)) return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    const value = this.#decodeRich(payload, rules)
    this.#decodedWeight = textWeightOf(payload)
    return value
  }

  #parse(text: string): unknown {
    const fault = jsonTextFault(text, this.#limits.maxDepth, this.#limits.maxContainers)
    if (fault !== undefined) throw badRequest(fault)
    try {
      return JSON.parse(text)
    } catch (error) {
      throw badRequest('not JSON', error)
    }
  }

  #decodeRich(payload: unknown, rules: ValueRules): unknown {
    try {
      return this.#rich.decode(payload, rules)
    } catch (error) {
      if (error instanceof IsockError) throw error
      throw badRequest(error instanceof Error ? error.message : 'unreadable', error)
    }
  }
}
