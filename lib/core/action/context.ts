// Context, what one run of an action sees of its surroundings. Leaves running it to action-runner.ts.
import type { Logger } from '../base/log.ts'
import type { OptionTable } from '../base/option-table.ts'
import type { Metadata } from '../wire/frames/metadata.ts'
import type { ActionClass } from './action-class.ts'
import type { Call } from './call.ts'
import type { ErrorOf, ItemOf, NamedArguments, OutputOf, RunArguments } from './inference.ts'
import type { RunOptions } from './run-options.ts'
import type { SessionView } from './session-view.ts'

export type { Identity, SessionView } from './session-view.ts'

/** A class whose messages are of this type: a Channel. */
export type TopicClass<Message = never> = abstract new (
  ...args: never
) => {
  /** Type-only; never set at run time. */
  readonly messageType?: Message
}

/** The recipients of a message. */
export interface PublishOptions {
  /** The room; default: the room without a key. */
  readonly key?: string | undefined
  /** Only these sessions, by id. */
  readonly to?: string | readonly string[] | undefined
  /** Not these sessions, by id. */
  readonly except?: string | readonly string[] | undefined
}

/** Undefined would send a message for some sessions to all of them. */
export const publishOptions: OptionTable<PublishOptions> = { key: 'any', to: 'protects', except: 'protects' }

/**
 * Fields that features add to a server and to the `context.server` of its actions, by declaration merging: `isock/data` adds `db`.
 * Reading a field of a feature that the server lacks throws ServerError (`INVALID_USAGE`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: features add to it
export interface ServerFields {}

/** Fields that features add to the context of a run, by declaration merging: `isock/data` adds `db`. */
// biome-ignore lint/suspicious/noEmptyInterface: features add to it
export interface ContextFields {}

/** The server of a run, as its action sees it. */
export interface ServerView extends ServerFields {
  /** The addresses that it listens at, in the form that a client takes. */
  readonly addresses: readonly string[]
  readonly actionNames: readonly string[]
  readonly isShuttingDown: boolean
  /** Sends a message to the subscribers of a channel. Settles when it is on its way. */
  publish<Message>(topic: TopicClass<Message>, message: Message, options?: PublishOptions): Promise<void>
}

/** The call of an action: its result, its items and its declared errors. */
export type CallOf<C extends ActionClass> = Call<OutputOf<C>, ItemOf<C>, ErrorOf<C>>

/** Runs actions on the other side of a session. */
export interface Caller {
  runAction<Output = unknown, Item = unknown, Name = string>(
    name: Name,
    ...args: NamedArguments<Name, RunOptions>
  ): Call<Output, Item>
  runAction<C extends ActionClass>(action: C, ...args: RunArguments<C, RunOptions>): CallOf<C>
}

/**
 * The context of one run of an Action. `Item` is the type of the items that it emits.
 *
 * @example
 * class Watch extends Action {
 *   async action(path: string, { emit, signal }: Context<string>) {
 *     for await (const event of watch(path, { signal })) await emit(event.eventType)
 *   }
 * }
 */
export interface Context<in Item = never> extends ContextFields {
  /** The call's number in its session. */
  readonly callId: number
  /** The wire name by which the action was called. */
  readonly actionName: string
  readonly session: SessionView
  /** Throws when the action runs on a client. */
  readonly server: ServerView
  /** Sends a message to the subscribers of a channel. Throws when the action runs on a client. */
  readonly publish: ServerView['publish']
  /** Runs actions that the caller's side has registered. */
  readonly client: Caller
  /** Aborts when the caller cancels, the time runs out, or the session ends. Its reason is an isock error. */
  readonly signal: AbortSignal
  /** When the call times out; undefined: never. */
  readonly deadline: Date | undefined
  /** Milliseconds left; Infinity: no time limit. */
  readonly remainingMs: number
  /**
   * The texts that the caller sent beside the data, untrusted; without prototype. Pass it on to a call with the option `metadata`.
   *
   * @example await client.runAction(Next, data, { metadata: context.metadata })
   */
  readonly metadata: Metadata
  /** 1, or more where earlier attempts did not reach this server. */
  readonly attempt: number
  readonly log: Logger
  /** Sends an item. Await it: it settles when the stream takes more. */
  readonly emit: (item: Item) => Promise<void>
}

declare const contract: unique symbol

/** The context in the signature of a contract's own `action`, by which types tell it from an implementation. */
export interface ContractContext<in Item = never> extends Context<Item> {
  readonly [contract]?: true | undefined
}

/** True for the second parameter of a contract's own `action`. */
export type IsContractContext<C> = [C] extends [never] ? false : typeof contract extends keyof C ? true : false
