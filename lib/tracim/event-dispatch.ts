// Passes on a client's events: to its readers immediately, to its handlers one after the other.
import { ClientError } from '../core/base/errors.ts'
import type { DaemonEvent } from './daemon-event.ts'
import type { EventHandlers } from './event-handlers.ts'
import { EventQueue, type EventQueueBounds } from './event-queue.ts'
import type { EventReaders } from './event-readers.ts'
import { daemonEventTypes } from './event-types.ts'

export class EventDispatch<Client> {
  readonly #handlers: EventHandlers<Client>
  readonly #readers: EventReaders
  readonly #queue: EventQueue
  #isHandling = false

  constructor(handlers: EventHandlers<Client>, readers: EventReaders, bounds: EventQueueBounds) {
    this.#handlers = handlers
    this.#readers = readers
    this.#queue = new EventQueue(bounds)
  }

  /**
   * `bytes`: the size of the received event. If the handlers are too slow, it is dropped, and reported as an
   * error.
   */
  handOut(event: DaemonEvent, bytes = 0): void {
    this.#readers.push(event, bytes)
    // A slow handler must not make this client look dead.
    if (event.type === daemonEventTypes.ping) return void this.#handlers.run(event)
    if (!this.#queue.push(event, bytes)) {
      const message = `${this.#queue.length} events are queued for the handlers; ${event.type} was dropped`
      return void this.#handlers.fail(new ClientError(message, { code: 'ITEMS_DISCARDED' }))
    }
    if (!this.#isHandling) void this.#handle()
  }

  async #handle(): Promise<void> {
    this.#isHandling = true
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      await this.#handlers.run(event)
    }
    this.#isHandling = false
  }
}
