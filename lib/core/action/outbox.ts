// What a run publishes, and what is sent only when its effect is committed. A feature that commits the run provides it; channels fill it.
import type { Payload } from '../wire/bytes/payload.ts'
import type { PublishOptions, TopicClass } from './context.ts'

export interface Outbox {
  /** Adds a message that is committed with the run's effect. @throws UnsendableError (`TOO_LARGE`). */
  add(message: {
    readonly channel: string
    readonly key: string
    readonly item: Payload
    readonly to: readonly string[] | undefined
    readonly except: readonly string[] | undefined
  }): void
  /** Adds what is done after the commit, at most once. `bytes`: what waits for it. @throws UnsendableError (`TOO_LARGE`). */
  afterCommit(send: () => void, bytes: number): void
}

/** The method of a server that publishes through an outbox. */
export const publishWith: unique symbol = Symbol('publishWith')

export interface OutboxPublisher {
  [publishWith](outbox: Outbox, topic: TopicClass<unknown>, message: unknown, options?: PublishOptions): Promise<void>
}
