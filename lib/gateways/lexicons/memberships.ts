// The channels that one client is in, each once: its subscriptions, and how they end.
import type { Clock } from '../../core/base/clock.ts'
import { BusyError } from '../../core/base/errors.ts'
import { type ChannelClass, channelNameOf } from '../../features/channels/channel.ts'
import type { SubscribeOptions, Subscription } from '../../features/channels/subscription.ts'
import type { LocalClient } from '../local-client.ts'
import type { MembershipOptions } from './lexicons-client.ts'
import { entryOf } from './named.ts'
import { withTimeLimit } from './with-time-limit.ts'

export interface MembershipsOptions {
  readonly client: Pick<LocalClient, 'subscribe'>
  readonly clock: Clock
  readonly maxSubscriptions: number
  /** How long a channel may take to admit the client. */
  readonly timeoutMs: number
  /** Receives each message and its room. If it returns a promise, the next message waits for it. */
  readonly deliver: (entry: object, room: string) => unknown
  /** Called when a membership ended without being left. */
  readonly onEnded: (error: unknown) => void
}

export class Memberships {
  readonly #options: MembershipsOptions
  readonly #subscriptions = new Map<string, Subscription>()

  constructor(options: MembershipsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#subscriptions.size
  }

  /** Settles when the channel has admitted the client. Rejects if it does not, or not in time. */
  async join(channel: ChannelClass, { key, since }: MembershipOptions = {}): Promise<void> {
    const id = roomIdOf(channel, key)
    const { client, deliver, maxSubscriptions } = this.#options
    const present = this.#subscriptions.get(id)
    if (present !== undefined) return this.#settled(present, id)
    if (this.#subscriptions.size >= maxSubscriptions) {
      throw new BusyError(`this client is in ${maxSubscriptions} channels; unsubscribe from some first`)
    }
    const options: SubscribeOptions = {
      ...(key === undefined ? {} : { key }),
      ...(since === undefined ? {} : { since }),
    }
    const subscription: Subscription = client.subscribe(
      channel,
      (message: unknown) => deliver(entryOf(channel, message), id),
      options,
    )
    this.#subscriptions.set(id, subscription)
    await this.#settled(subscription, id)
    subscription.done.catch((error: unknown) => {
      if (this.#forget(id, subscription)) this.#options.onEnded(error)
    })
  }

  /** Returns false if the client was not in it. */
  leave(channel: ChannelClass, { key }: Pick<MembershipOptions, 'key'> = {}): boolean {
    const id = roomIdOf(channel, key)
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return false
    this.#forget(id, subscription)
    subscription.unsubscribe()
    return true
  }

  /** Leaves them all. */
  close(): void {
    const subscriptions = [...this.#subscriptions.values()]
    this.#subscriptions.clear()
    for (const subscription of subscriptions) subscription.unsubscribe()
  }

  async #settled(subscription: Subscription, id: string): Promise<void> {
    const { clock, timeoutMs } = this.#options
    try {
      await withTimeLimit(subscription.ready, timeoutMs, clock, 'the channel did not answer')
    } catch (error) {
      this.#forget(id, subscription)
      subscription.unsubscribe()
      throw error
    }
  }

  #forget(id: string, subscription: Subscription): boolean {
    return this.#subscriptions.get(id) === subscription && this.#subscriptions.delete(id)
  }
}

/** The id of a room here, and in the lists of signals that publish to it. */
export function roomIdOf(channel: ChannelClass, key: string | undefined): string {
  return JSON.stringify([channelNameOf(channel), key ?? ''])
}
