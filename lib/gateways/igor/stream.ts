// One stream of an Igor client: a call whose items and result become its messages, until it is over.
import type { Call } from '../../core/action/call.ts'
import type { LocalClient } from '../local-client.ts'
import { closeText, dataText, errorText, itemText } from './answers.ts'
import type { StreamId } from './message.ts'
import type { Outbox } from './outbox.ts'

export interface StreamOptions {
  readonly streamId: StreamId
  /** What it runs on, which lasts until it is over. */
  readonly local: LocalClient
  readonly action: string
  readonly data: unknown
  /** Bytes of the message that began it, which are kept for as long as it runs. */
  readonly bytes: number
  readonly outbox: Outbox
}

export class Stream {
  readonly streamId: StreamId
  readonly local: LocalClient
  readonly bytes: number
  readonly #call: Call<unknown, unknown>
  readonly #outbox: Outbox
  #isCancelled = false
  #isMuted = false

  constructor({ streamId, local, action, data, bytes, outbox }: StreamOptions) {
    this.streamId = streamId
    this.local = local
    this.bytes = bytes
    this.#outbox = outbox
    // Igor's streams last as long as their handlers: they end with their client, not by a clock.
    this.#call = local.runAction<unknown, unknown>(action, data, { timeoutMs: Number.POSITIVE_INFINITY })
  }

  /** Settles when it is over and its last message is on its way. Never rejects. */
  async run(): Promise<void> {
    const { streamId } = this
    const outbox = this.#outbox
    try {
      const items = this.#call[Symbol.asyncIterator]()
      for (;;) {
        const step = await items.next()
        if (step.done === true) {
          // Not when there is room: results that wait would be bounded by nothing, those that are queued are.
          if (step.value !== undefined && !this.#isMuted) outbox.push(dataText(streamId, step.value))
          break
        }
        const isDropped = (): boolean => this.#isCancelled || this.#isMuted
        await outbox.pushWhenRoom(() => (isDropped() ? undefined : itemText(streamId, step.value)))
      }
    } catch (error) {
      this.#call.cancel('the value cannot be sent')
      if (!this.#isCancelled && !this.#isMuted)
        outbox.push(errorText(streamId, this.local.toldOf(error), this.#call.id > 0))
    }
    if (!this.#isMuted) outbox.push(closeText(streamId))
  }

  /** Nobody knows this stream any more: it runs on, and what it still says is dropped, its end too. */
  mute(): void {
    this.#isMuted = true
  }

  /** The client, or its end, has closed it: what still comes is dropped. */
  cancel(reason: string): void {
    this.#isCancelled = true
    this.#call.cancel(reason)
  }
}
