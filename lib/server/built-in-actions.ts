// The actions that every server has, under names that begin with "isock.": they are not among its `actionNames`, and
// cannot be removed or replaced. For tools such as the command line. Guards hold for them as for all actions.
import { Action } from '../action/action.ts'
import { jsonSchemaOf } from '../action/contract.ts'
import type { RegisteredAction } from '../action/registry.ts'

/** What `isock.actions` tells of one action. */
export interface ActionListing {
  readonly name: string
  /** stream: a generator. function: a plain function, which has no class and so no contract. */
  readonly kind: 'action' | 'stream' | 'function'
  /** As JSON Schema, where the action has a schema; a `$comment` where its library cannot tell. */
  readonly input?: object
  readonly output?: object
  readonly description?: string
}

/** Lists what clients can run, in the order in which it was added. */
export class ListActions extends Action {
  static override actionName = 'isock.actions'
  static override idempotent = true
  readonly #actions: () => readonly RegisteredAction[]

  constructor(actions: () => readonly RegisteredAction[]) {
    super()
    this.#actions = actions
  }

  override action(): ActionListing[] {
    return this.#actions().map(listingOf)
  }
}

/** Answers at once, for who measures the way. */
export class Ping extends Action {
  static override actionName = 'isock.ping'
  static override idempotent = true

  override action(): void {}
}

function listingOf({ name, input, output, actionClass, isStream }: RegisteredAction): ActionListing {
  const description = actionClass?.description
  return {
    name,
    kind: isStream ? 'stream' : actionClass === undefined ? 'function' : 'action',
    ...(input === undefined ? {} : { input: jsonSchemaOf(input, 'input') ?? unknownSchema(input) }),
    ...(output === undefined ? {} : { output: jsonSchemaOf(output, 'output') ?? unknownSchema(output) }),
    ...(description === undefined ? {} : { description }),
  }
}

function unknownSchema(schema: NonNullable<RegisteredAction['input']>): object {
  return { $comment: `a schema of ${schema['~standard'].vendor}` }
}
