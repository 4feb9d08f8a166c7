// The actions that every server has, for tools such as the command line. Their names begin with "isock."; they are not among
// its `actionNames`, and cannot be removed or replaced. Guards apply to them as to all actions.
import { Action, type AnyAction } from '../action/action.ts'
import type { RegisteredAction } from '../action/registry.ts'
import { ServerError } from '../base/errors.ts'
import { describe } from '../base/options.ts'
import { Encoded } from '../wire/bytes/encoded.ts'
import { detached } from '../wire/bytes/payload.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import { type ActionListing, ActionListings } from './action-listings.ts'
import type { Listed } from './feature.ts'

/** `actions`: those that clients can currently run. `listed`: what features offer beside them. */
export function builtInActions(
  actions: () => readonly RegisteredAction[],
  listed: () => readonly Listed[],
  codec: ValueCodec,
): AnyAction[] {
  const listings = new ActionListings(actions)
  return [new ListActions(listings, codec), new ListActionsAsJson(listings, codec), new ListOthers(listed), new Ping()]
}

/** Lists the actions that clients can run, in the order of registration: an array of {@link ActionListing}. */
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
 * The same as JSON text, to be passed on unchanged: of all actions, or of the one whose name is the data; undefined if there
 * is no such action.
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

/** Lists what clients can use beside actions, such as channels: an array of {@link Listed}, in the order of the features. */
class ListOthers extends Action {
  static override actionName = 'isock.listing'
  static override idempotent = true
  readonly #listed: () => readonly Listed[]

  constructor(listed: () => readonly Listed[]) {
    super()
    this.#listed = listed
  }

  override action(): readonly Listed[] {
    return this.#listed()
  }
}

/** Answers immediately, to measure the round trip. */
class Ping extends Action {
  static override actionName = 'isock.ping'
  static override idempotent = true

  override action(): void {}
}

/** Caches the encoded form of an object for as long as others keep the object. */
class EncodedOnce {
  readonly #codec: ValueCodec
  readonly #form: (given: ActionListing | readonly ActionListing[]) => unknown
  readonly #kept = new WeakMap<object, Encoded>()

  /** `form` maps the given object to the value to encode. */
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
