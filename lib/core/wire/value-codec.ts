// The entry point of the value layer: encodes values into payloads and decodes them. Most values are plain and are packed
// in one walk; see value-packer.ts, rich-format.ts and PROTOCOL.md.

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

/** Encodes values into payloads, and decodes payloads into values. */
export interface ValueCodec {
  /**
   * Encodes a value. The payload shares no memory with it: the program may reuse its bytes afterwards.
   *
   * @param label the name of the value in errors, such as `data` or `result`.
   * @param memory `'lent'` if the payload is for one call, after which its memory may be reused. Default `'own'`.
   * @param streams receives the streams in the value. Default: a value with streams is rejected.
   * @throws UnsendableError with the path in the value, such as `data.items[3].callback`.
   */
  encode(value: unknown, label: string, rules?: ValueRules, memory?: Memory, streams?: StreamPlaces): Payload
  /**
   * Decodes a payload.
   *
   * @throws ServerError (`BAD_REQUEST`) for anything that `encode` cannot have produced.
   */
  decode(payload: Payload, rules?: ValueRules): unknown
  /** The approximate memory of the last decoded value in bytes, without its strings and byte arrays. */
  readonly decodedWeight: number
}

const noRules: ValueRules = {}

/** Whether a payload owns its memory for good, or the memory may be reused after its call. */
export type Memory = 'own' | 'lent'

/** Encodes plain values as msgpack, a `Uint8Array` as its bytes, and all other values in superjson's format. */
export class StandardCodec implements ValueCodec {
  readonly #limits: ValueLimits
  readonly #packer: ValuePacker
  readonly #unpacker: ValueUnpacker
  readonly #rich: RichFormat
  readonly #spare = new SpareMemory()
  #decodedWeight = 0

  /**
   * @param classes the classes that keep their identity on the wire. Not copied, so later declarations count too.
   * @param limits bounds on one value. Omitted ones have the defaults of {@link ValueLimits}.
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
      // A string of more than half a gigabyte.
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
