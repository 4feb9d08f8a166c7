// Short numbers for action names, one table each way and anew for each link: the name and its contract hash
// travel once, with the first call of the action.
import { ProtocolError } from '../base/errors.ts'
import { Kind, type NameFrame } from '../wire/frame.ts'
import type { FramePort } from './frame-port.ts'

/** The most names that one link may introduce. */
const maxNames = 65_536

/** The caller's side. */
export class OutgoingNames {
  readonly #refs = new Map<string, number>()

  /** The ref of a name, introduced first where the callee does not know it yet. */
  refOf(name: string, contract: string | undefined, port: FramePort): number {
    const key = contract === undefined ? name : `${name}\0${contract}`
    const known = this.#refs.get(key)
    if (known !== undefined) return known
    const ref = this.#refs.size
    this.#refs.set(key, ref)
    port.send({ kind: Kind.Name, ref, name, contract })
    return ref
  }

  forget(): void {
    if (this.#refs.size > 0) this.#refs.clear()
  }
}

/** The callee's side. */
export class IncomingNames {
  #names: NameFrame[] = []

  onName(frame: NameFrame): void {
    if (frame.ref !== this.#names.length)
      throw new ProtocolError(`name ${frame.ref} came where ${this.#names.length} was next`)
    if (frame.ref >= maxNames) throw new ProtocolError(`more than ${maxNames} names on one link`)
    this.#names.push(frame)
  }

  find(ref: number): NameFrame {
    const name = this.#names[ref]
    if (name === undefined) throw new ProtocolError(`a call names action ${ref}, which was not introduced`)
    return name
  }

  forget(): void {
    this.#names = []
  }
}
