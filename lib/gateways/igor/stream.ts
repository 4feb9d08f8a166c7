// One stream of an Igor client: a call whose items and result become messages, until it has ended.
import type { Call } from '../../core/action/call.ts'
import type { LocalClient } from '../local-client.ts'
import type { SocketQueue } from '../socket-queue.ts'
import { closeText, dataText, errorText, itemText } from './answers.ts'
import type { StreamId } from './message.ts'

export interface StreamOptions {
  readonly streamId: StreamId
  /** The client of the server that it runs on, which lasts until it has ended. */
  readonly local: LocalClient
  readonly action: string
  readonly data: unknown
  /** Bytes of the message that started it, counted while it runs. */
  readonly bytes: number
  readonly outbox: SocketQueue
}

export class Stream {
  readonly streamId: StreamId
  readonly local: LocalClient
  readonly bytes: number
  readonly #call: Call<unknown, unknown>
  readonly #outbox: SocketQueue
  #isCancelled = false
  #isMuted = false

  constructor({ streamId, local, action, data, bytes, outbox }: StreamOptions) {
    this.streamId = streamId
    this.local = local
    this.bytes = bytes
    this.#outbox = outbox
    // Igor's streams last as long as their handlers: they end with their client, not by a timeout.
    this.#call = local.runAction<unknown, unknown>(action, data, { timeoutMs: Number.POSITIVE_INFINITY })
  }

  /** Settles when it has ended and its last message is queued. Never rejects. */
  async run(): Promise<void> {
    const { streamId } = this
    const outbox = this.#outbox
    try {
      const items = this.#call[Symbol.asyncIterator]()
      for (;;) {
        const step = await items.next()
        if (step.done === true) {
          // Does not wait for room: waiting results would be unbounded, queued ones are bounded.
          if (step.value !== undefined && !this.#isMuted) outbox.push(dataText(streamId, step.value))
          break
        }
        const isDropped = (): boolean => this.#isCancelled || this.#isMuted
        await outbox.pushWhenRoom(() => (isDropped() ? undefined : itemText(streamId, step.value)))
      }
    } catch (error) {
      this.#call.cancel('the value cannot be sent')
      if (!this.#isCancelled && !this.#isMuted)
        outbox.push(errorText(streamId, this.local.publicError(error), this.#call.id > 0))
    }
    if (!this.#isMuted) outbox.push(closeText(streamId))
  }

  /** The client no longer knows this stream: it continues, and its messages are dropped, including its end. */
  mute(): void {
    this.#isMuted = true
  }

  /** Called when the client has closed it, or is gone. Later items are dropped. */
  cancel(reason: string): void {
    this.#isCancelled = true
    this.#call.cancel(reason)
  }
}
