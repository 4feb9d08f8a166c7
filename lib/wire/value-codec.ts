// The door of the value layer: what a program hands over becomes a payload, and the other way round. Plain values,
// which are most, cost one scan and the engine's JSON; see plain-scan.ts, rich-format.ts and PROTOCOL.md.

import { IsockError, UnsendableError } from '../base/errors.ts'
import { badRequest } from './bad-request.ts'
import type { ClassRegistry } from './class-registry.ts'
import { jsonTextFault } from './json-text-scan.ts'
import type { Payload } from './payload.ts'
import { PlainScan } from './plain-scan.ts'
import { RichFormat } from './rich-format.ts'
import { defaultValueLimits, type ValueLimits, type ValueRules } from './value-limits.ts'

export type { ValueLimits, ValueRules } from './value-limits.ts'

/** Turns values into payloads and back. */
export interface ValueCodec {
  /**
   * @param label what the value is to the reader of an error: `data`, `result` ...
   * @throws UnsendableError that names the place in the value, as in `data.items[3].callback`.
   */
  encode(value: unknown, label: string, rules?: ValueRules): Payload
  /** @throws ServerError with code `BAD_REQUEST` and what was wrong, for anything that `encode` would not have made. */
  decode(payload: Payload, rules?: ValueRules): unknown
}

const noRules: ValueRules = {}

/** JSON text for plain values, the bytes themselves for a `Uint8Array`, and superjson for all others. */
export class JsonValueCodec implements ValueCodec {
  readonly #limits: ValueLimits
  readonly #scan: PlainScan
  readonly #rich: RichFormat

  /**
   * @param classes the classes that arrive as themselves. It is shared, not copied: what is declared later counts.
   * @param limits bounds on one value; those not given are {@link ValueLimits}' defaults.
   */
  constructor(classes: ClassRegistry, limits: Partial<ValueLimits> = {}) {
    this.#limits = { ...defaultValueLimits, ...limits }
    this.#scan = new PlainScan(this.#limits)
    this.#rich = new RichFormat(classes, this.#limits)
  }

  encode(value: unknown, label: string, rules: ValueRules = noRules): Payload {
    if (value === undefined) return undefined
    try {
      if (this.#scan.isPlain(value)) return JSON.stringify(value)
      if (isBareBytes(value)) return value
      return this.#rich.encode(value, label, rules)
    } catch (error) {
      if (error instanceof UnsendableError) throw error
      // A text of more than half a gigabyte, or a getter that gave way only the second time.
      throw new UnsendableError(label, `it could not be written as text (${String(error)})`, { cause: error })
    }
  }

  decode(payload: Payload, rules: ValueRules = noRules): unknown {
    if (payload === undefined) return undefined
    if (typeof payload === 'string') return this.#parse(payload)
    if (isBareBytes(payload)) return payload
    if (ArrayBuffer.isView(payload)) return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    return this.#decodeRich(payload, rules)
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

/** A Uint8Array that is nothing more: a Buffer arrives as a Buffer, so it does not travel as bare bytes. */
function isBareBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.getPrototypeOf(value) === Uint8Array.prototype
}
