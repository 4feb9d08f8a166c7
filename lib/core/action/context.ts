// What one run of an action sees of its surroundings. The running itself is action-runner.ts.
import type { Logger } from '../base/log.ts'
import type { OptionTable } from '../base/option-table.ts'
import type { Peer } from '../link/link.ts'
import type { ActionClass } from './action.ts'
import type { Call } from './call.ts'
import type { ItemOf, OutputOf, RunArguments } from './inference.ts'
import type { RunOptions } from './run-options.ts'

/** Who a guard said that the client is. */
export interface Identity {
  /** Unique among the server's users; a session is bound to it. */
  readonly id: string
  readonly [field: string]: unknown
}

/** The session of a run, as its action sees it. */
export interface SessionView {
  /** 128 random bits in hex. */
  readonly id: string
  /** Who the guards said it is, when its client last connected; undefined where the server has none. */
  readonly identity: Identity | undefined
  /** The name that the client gave itself, unique among the connected ones; see `ClientOptions.name`. */
  readonly name: string | undefined
  /** The peer of its current link, or the last one. */
  readonly peer: Peer | undefined
  readonly isConnected: boolean
  /** Whatever actions want to keep for this client; it outlives a reconnect, not the session's lease. */
  readonly state: Map<string, unknown>
  /**
   * Ends it: a logout, or one that is not wanted any more. The signals of its handlers abort, and what they answer within a second
   * is still sent; new calls are refused, and it cannot be resumed. Its client gets the reason (up to 400 characters) as
   * ServerError (`SESSION_ENDED`) and does not come back by itself; whether a new call of its may connect is for the guards to say.
   * Throws where the action runs on a client, or in a thread.
   *
   * @example context.session.end('logged out')
   */
  end(reason?: string): void
}

/** A class whose messages are of this type: a Channel. */
export type TopicClass<Message = never> = abstract new (
  ...args: never
) => {
  /** Never there: it carries the type. */
  readonly messageType?: Message
}

/** Whom a message is for. */
export interface PublishOptions {
  /** The room; without it, the channel that has no key. */
  readonly key?: string
  /** Only these sessions, by id. */
  readonly to?: string | readonly string[]
  /** Not these sessions, by id. */
  readonly except?: string | readonly string[]
}

/** Undefined would make a message for some one for all. */
export const publishOptions: OptionTable<PublishOptions> = { key: 'any', to: 'protects', except: 'protects' }

/**
 * What features add to a server and to the `context.server` of its actions, by declaration merging: `isock/data` adds `db`.
 * Reading a field of a feature that the server lacks throws ServerError (`INVALID_USAGE`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: features add to it
export interface ServerFields {}

/** What features add to the context of a run, by declaration merging: `isock/data` adds `db`. */
// biome-ignore lint/suspicious/noEmptyInterface: features add to it
export interface ContextFields {}

/** The server of a run, as its action sees it. */
export interface ServerView extends ServerFields {
  /** What it listens at, as addresses that a client takes. */
  readonly addresses: readonly string[]
  readonly actionNames: readonly string[]
  readonly isShuttingDown: boolean
  /** Sends a message to the subscribers of a channel. Settles when it is on its way. */
  publish<Message>(topic: TopicClass<Message>, message: Message, options?: PublishOptions): Promise<void>
}

/** Runs actions at the other side of a session. */
export interface Caller {
  runAction<C extends ActionClass>(action: C, ...args: RunArguments<C, RunOptions>): Call<OutputOf<C>, ItemOf<C>>
  runAction<Output = unknown, Item = unknown>(name: string, data?: unknown, options?: RunOptions): Call<Output, Item>
}

/**
 * What one run of an Action sees. `Item` is the type of what it emits.
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
  /** The wire name by which the action was asked for. */
  readonly actionName: string
  readonly session: SessionView
  /** Throws where the action runs on a client. */
  readonly server: ServerView
  /** Sends a message to the subscribers of a channel. Throws where the action runs on a client. */
  readonly publish: ServerView['publish']
  /** Runs actions that the caller's side has registered. */
  readonly client: Caller
  /** Aborts when the caller cancels, the time runs out, or the session ends. Its reason is an isock error. */
  readonly signal: AbortSignal
  /** When the call's time is up; undefined: no bound. */
  readonly deadline: Date | undefined
  /** Milliseconds left; Infinity: no bound. */
  readonly remainingMs: number
  /** 1, or more where earlier attempts did not reach this server. */
  readonly attempt: number
  readonly log: Logger
  /** Sends an item. Await it: it settles when the stream takes more. */
  readonly emit: (item: Item) => Promise<void>
}
