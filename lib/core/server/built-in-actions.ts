// The actions that every server has, under names that begin with "isock.": they are not among its `actionNames`, and
// cannot be removed or replaced. For tools such as the command line. Guards hold for them as for all actions.
import { Action, type AnyAction } from '../action/action.ts'
import type { RegisteredAction } from '../action/registry.ts'
import { ServerError } from '../base/errors.ts'
import { describe } from '../base/options.ts'
import { Encoded } from '../wire/bytes/encoded.ts'
import { detached } from '../wire/bytes/payload.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import { type ActionListing, ActionListings } from './action-listings.ts'

/** `actions`: what clients can run at the moment. */
export function builtInActions(actions: () => readonly RegisteredAction[], codec: ValueCodec): AnyAction[] {
  const listings = new ActionListings(actions)
  return [new ListActions(listings, codec), new ListActionsAsJson(listings, codec), new Ping()]
}

/** Lists what clients can run, in the order in which it was added: an array of {@link ActionListing}. */
class ListActions extends Action {
  static override actionName = 'isock.actions'
  static override idempotent = true
  readonly #listings: ActionListings
  readonly #encodedOnce: EncodedOnce

  constructor(listings: ActionListings, codec: ValueCodec) {
    super()
    this.#listings = listings
    this.#encodedOnce = new EncodedOnce(codec, (given) => given)
  }

  override action(): Encoded {
    return this.#encodedOnce.of(this.#listings.all())
  }
}

/**
 * The same as JSON text, for who passes it on as it is: of all actions, or, where the data is a name, of that one;
 * nothing where there is none of that name.
 */
class ListActionsAsJson extends Action {
  static override actionName = 'isock.actions.json'
  static override idempotent = true
  readonly #listings: ActionListings
  readonly #encodedOnce: EncodedOnce

  constructor(listings: ActionListings, codec: ValueCodec) {
    super()
    this.#listings = listings
    this.#encodedOnce = new EncodedOnce(codec, JSON.stringify)
  }

  override action(name: unknown): Encoded | undefined {
    if (name !== undefined && typeof name !== 'string') throw badName(name)
    const found = name === undefined ? this.#listings.all() : this.#listings.find(name)
    return found === undefined ? undefined : this.#encodedOnce.of(found)
  }
}

/** Answers at once, for who measures the way. */
class Ping extends Action {
  static override actionName = 'isock.ping'
  static override idempotent = true

  override action(): void {}
}

/** Keeps what was encoded of an object as long as that is kept by others. */
class EncodedOnce {
  readonly #codec: ValueCodec
  readonly #form: (given: ActionListing | readonly ActionListing[]) => unknown
  readonly #kept = new WeakMap<object, Encoded>()

  /** `form`: what is encoded of what is given. */
  constructor(codec: ValueCodec, form: (given: ActionListing | readonly ActionListing[]) => unknown) {
    this.#codec = codec
    this.#form = form
  }

  of(given: ActionListing | readonly ActionListing[]): Encoded {
    let encoded = this.#kept.get(given)
    if (encoded === undefined) {
      encoded = new Encoded(detached(this.#codec.encode(this.#form(given), 'result')))
      this.#kept.set(given, encoded)
    }
    return encoded
  }
}

function badName(name: unknown): ServerError {
  const message = `isock.actions.json takes the name of an action, or nothing for all of them; got ${describe(name)}`
  return new ServerError(message, { code: 'BAD_REQUEST' })
}
