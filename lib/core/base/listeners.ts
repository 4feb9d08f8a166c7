// The listeners for the events of a client or a server. They are called one after the other, in the order in which they
// were added, each in the context in which it was added. An error in one of them, now or later, does not affect the others.
import { keepContext } from './async-context.ts'
import { invalidOption } from './options.ts'

type Listener = (detail: never) => unknown

export class Listeners<Events extends object> {
  readonly #names: readonly (keyof Events & string)[]
  readonly #onFailure: (error: unknown, event: string) => void
  /** undefined while there are no listeners, the usual case. */
  #added: { readonly event: keyof Events; readonly call: (detail: never) => unknown }[] | undefined

  constructor(names: readonly (keyof Events & string)[], onFailure: (error: unknown, event: string) => void) {
    this.#names = names
    this.#onFailure = onFailure
  }

  /** Returns a function that removes the listener. Throws ClientError (`INVALID_OPTION`). */
  add<E extends keyof Events>(event: E, listener: (detail: Events[E]) => unknown): () => void {
    if (!this.#names.includes(event as keyof Events & string))
      throw invalidOption('event', `one of ${this.#names.join(', ')}`, event)
    if (typeof listener !== 'function') throw invalidOption('listener', 'a function', listener)
    const added = { event, call: keepContext(listener as Listener) }
    // A new list each time: a list being iterated must not change.
    this.#added = [...(this.#added ?? []), added]
    return () => {
      this.#added = this.#added?.filter((each) => each !== added)
    }
  }

  emit<E extends keyof Events & string>(event: E, detail: Events[E]): void {
    for (const each of this.#added ?? []) {
      if (each.event !== event) continue
      try {
        const returned = each.call(detail as never)
        Promise.resolve(returned).catch((error: unknown) => this.#onFailure(error, event))
      } catch (error) {
        this.#onFailure(error, event)
      }
    }
  }
}
