// The state of a durable service between its class and the store: encoded as values on the wire are, bounded, and brought up to date.
import { Refused } from '../../core/action/refused.ts'
import { ServerError, UnsendableError } from '../../core/base/errors.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { StoredState } from '../../core/server/service-states.ts'
import { type Payload, payloadSize } from '../../core/wire/bytes/payload.ts'
import { StandardCodec, valueLimitsOf } from '../../core/wire/value-codec.ts'
import { type AnyService, Service, type ServiceClass } from './service.ts'

export class StateCodec {
  readonly #service: AnyService
  readonly #stateVersion: number
  readonly #maxBytes: number
  readonly #codec: StandardCodec

  constructor(service: AnyService, maxBytes: number, { classes, limits }: Pick<ServerKit, 'classes' | 'limits'>) {
    this.#service = service
    this.#stateVersion = (service.constructor as ServiceClass).stateVersion ?? 1
    this.#maxBytes = maxBytes
    this.#codec = new StandardCodec(classes, valueLimitsOf(limits))
  }

  /** The next state as it is stored. Throws UnsendableError, with code `TOO_LARGE` beyond the bound. `label`: whose state it is. */
  encode(state: unknown, label: string): StoredState {
    const payload = this.#codec.encode(state, 'state')
    const size = payloadSize(payload)
    if (size > this.#maxBytes)
      throw new UnsendableError(
        'state',
        `that of ${label} has ${size} bytes, and may have ${this.#maxBytes}; raise maxStateBytes of addService, or keep less in it`,
        { code: 'TOO_LARGE' },
      )
    return { phase: 'initialized', stateVersion: this.#stateVersion, state: payload }
  }

  /** The state in a row, in the form of this class. Throws Refused for one that a newer class has written. */
  async decode({ state, stateVersion }: StoredState, label: string): Promise<unknown> {
    const version = this.#stateVersion
    if (stateVersion > version)
      throw new Refused(
        new ServerError(
          `the state of ${label} has the stateVersion ${stateVersion}, and this server's class has ${version}; a server with the newer class can run this`,
          { code: 'CONTRACT_MISMATCH', notStarted: true },
        ),
      )
    const stored = this.#read(state, label)
    if (stateVersion === version) return stored
    if (this.#service.upgrade === Service.prototype.upgrade)
      throw new ServerError(
        `the state of ${label} has the stateVersion ${stateVersion}, and its class has ${version}; give the class a method upgrade(state, from)`,
        { code: 'INVALID_SERVICE' },
      )
    return this.#service.upgrade(stored, stateVersion)
  }

  #read(state: Payload, label: string): unknown {
    try {
      return this.#codec.decode(state)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `the state of ${label} cannot be read (${why}); declare its classes in static classes of the service`
      throw new ServerError(message, { code: 'INVALID_SERVICE', cause })
    }
  }
}
