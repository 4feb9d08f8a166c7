// The listings of a server's actions. Any client may ask for them at any time, and a JSON Schema takes a fraction of a
// millisecond to create, so each listing is created on first request and kept as long as its action is registered.
import { jsonSchemaOf } from '../action/contract.ts'
import type { RegisteredAction } from '../action/registry.ts'
import { cacheControlOf } from './cache-control.ts'

/** The entry of one action in `isock.actions`. */
export interface ActionListing {
  readonly name: string
  /** stream: a generator. function: a plain function, without a class and so without a contract. */
  readonly kind: 'action' | 'stream' | 'function'
  /** JSON Schema, if the action has a schema; a `$comment` if its library cannot convert it. */
  readonly input?: object
  readonly output?: object
  /** JSON Schema of each item that it yields or emits. */
  readonly items?: object
  readonly description?: string
  /** HTTP clients may call it by GET; the answer's Cache-Control header. */
  readonly cacheControl?: string
}

/** The listings of one set of registered actions. */
interface Edition {
  readonly actions: readonly RegisteredAction[]
  readonly listings: readonly ActionListing[]
  readonly byName: ReadonlyMap<string, ActionListing>
}

export class ActionListings {
  readonly #actions: () => readonly RegisteredAction[]
  readonly #kept = new WeakMap<RegisteredAction, ActionListing>()
  #edition: Edition = { actions: [], listings: [], byName: new Map() }

  constructor(actions: () => readonly RegisteredAction[]) {
    this.#actions = actions
  }

  /** In the order of registration. The same array until an action is added or removed. */
  all(): readonly ActionListing[] {
    return this.#latest().listings
  }

  /** undefined if there is no such action. The same object as long as it is registered. */
  find(name: string): ActionListing | undefined {
    return this.#latest().byName.get(name)
  }

  #latest(): Edition {
    const actions = this.#actions()
    if (isSame(actions, this.#edition.actions)) return this.#edition
    const listings = actions.map((action) => this.#listingOf(action))
    this.#edition = { actions, listings, byName: new Map(listings.map((listing) => [listing.name, listing])) }
    return this.#edition
  }

  #listingOf(action: RegisteredAction): ActionListing {
    let listing = this.#kept.get(action)
    if (listing === undefined) {
      listing = listingOf(action)
      this.#kept.set(action, listing)
    }
    return listing
  }
}

function isSame(one: readonly RegisteredAction[], other: readonly RegisteredAction[]): boolean {
  return one.length === other.length && one.every((action, index) => action === other[index])
}

function listingOf(action: RegisteredAction): ActionListing {
  const { name, input, output, items, actionClass, isStream } = action
  const cacheControl = isStream ? undefined : cacheControlOf(action)
  const description = actionClass?.description
  return {
    name,
    kind: isStream ? 'stream' : actionClass === undefined ? 'function' : 'action',
    ...(input === undefined ? {} : { input: jsonSchemaOf(input, 'input') ?? unknownSchema(input) }),
    ...(output === undefined ? {} : { output: jsonSchemaOf(output, 'output') ?? unknownSchema(output) }),
    ...(items === undefined ? {} : { items: jsonSchemaOf(items, 'output') ?? unknownSchema(items) }),
    ...(description === undefined ? {} : { description }),
    ...(cacheControl === undefined ? {} : { cacheControl }),
  }
}

function unknownSchema(schema: NonNullable<RegisteredAction['input']>): object {
  return { $comment: `a schema of ${schema['~standard'].vendor}` }
}
