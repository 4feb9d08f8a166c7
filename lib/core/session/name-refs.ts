// Short numbers for action names: one table for each direction of a link. The name and its contract hash are sent once, with the first
// call of the action.
import { Held, placeBytes } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import { ProtocolError } from '../base/errors.ts'
import { Kind, type NameFrame } from '../wire/frames/frame.ts'
import type { FramePort } from './frame-port.ts'

/** The most names that one link may introduce. */
const maxNames = 65_536
/** The most characters of all names and contracts, because a server keeps them for each link. */
const maxNamesLength = 2 ** 21

/** The caller's side. */
export class OutgoingNames {
  /** By name: several if actions of different contracts have it. */
  readonly #known = new Map<string, NameFrame[]>()
  #count = 0

  /** The ref of a name. Introduces it first if the callee does not know it yet. */
  refOf(name: string, contract: string | undefined, port: FramePort): number {
    let frames = this.#known.get(name)
    if (frames === undefined) {
      frames = []
      this.#known.set(name, frames)
    }
    for (const known of frames) if (known.contract === contract) return known.ref
    const frame: NameFrame = { kind: Kind.Name, ref: this.#count++, name, contract }
    frames.push(frame)
    port.send(frame)
    return frame.ref
  }

  forget(): void {
    if (this.#count === 0) return
    this.#known.clear()
    this.#count = 0
  }
}

/** An action as the caller introduced it, and the estimated size of its answers. */
export interface CalledAction {
  readonly name: string
  readonly contract: string | undefined
  expectedBytes: number
}

/** The callee's side. */
export class IncomingNames {
  readonly #account: MeterSource
  #held: Meter | undefined
  #names: CalledAction[] = []
  #length = 0

  constructor(account: MeterSource) {
    this.#account = account
  }

  onName(frame: NameFrame): void {
    if (frame.ref !== this.#names.length)
      throw new ProtocolError(`name ${frame.ref} arrived where ${this.#names.length} was expected`)
    if (frame.ref >= maxNames) throw new ProtocolError(`more than ${maxNames} names on one link`)
    const length = frame.name.length + (frame.contract?.length ?? 0)
    this.#length += length
    if (this.#length > maxNamesLength) throw new ProtocolError(`names of over ${maxNamesLength} characters on one link`)
    this.#held ??= this.#account.meter(Held.Names)
    this.#held.change(length + placeBytes.name)
    const named: CalledAction = { name: frame.name, contract: frame.contract, expectedBytes: 0 }
    // A list that grows by `push` allocates room for many: most clients call few actions.
    if (frame.ref === 0) this.#names = [named]
    else this.#names.push(named)
  }

  find(ref: number): CalledAction {
    const name = this.#names[ref]
    if (name === undefined) throw new ProtocolError(`a call names action ${ref}, which was not introduced`)
    return name
  }

  forget(): void {
    this.#names = []
    this.#length = 0
    this.#held?.clear()
  }
}
