// A client's handlers by event type. An event goes to the generic handler, to the handler of its type, and if it comes from
// Tracim, to the handler of Tracim's own event type. An error in a handler is an event too.
import type { Logger } from '../core/base/log.ts'
import { type DaemonEvent, isRecord } from './daemon-event.ts'
import { daemonEventTypes, localEventTypes, type TracimEvent } from './event-types.ts'

/** Types that a live message must not use. */
const ownTypes: ReadonlySet<string> = new Set([...Object.values(daemonEventTypes), ...Object.values(localEventTypes)])

/** Handles an event; the next event waits for its promise. */
export type EventHandler<Client> = (event: DaemonEvent, client: Client) => unknown

/** Data of `custom_error`. */
export interface ErrorData {
  readonly error: unknown
}

export class EventHandlers<Client> {
  readonly #handlers = new Map<string, EventHandler<Client>>()
  readonly #client: Client
  readonly #log: Logger

  constructor(client: Client, log: Logger) {
    this.#client = client
    this.#log = log
  }

  /** One for each type; a later one replaces an earlier one. */
  set(type: string, handler: EventHandler<Client>): void {
    this.#handlers.set(type, handler)
  }

  remove(type: string): void {
    this.#handlers.delete(type)
  }

  /** Never rejects. */
  async run(event: DaemonEvent): Promise<void> {
    await this.#call(localEventTypes.generic, event)
    await this.#call(event.type, event)
    if (event.type !== daemonEventTypes.tracimEvent) return
    try {
      const { event_type: type } = tracimEventOf(event)
      if (!ownTypes.has(type)) await this.#call(type, event)
    } catch (error) {
      await this.fail(error)
    }
  }

  /** Calls the error handler. Never rejects. */
  async fail(error: unknown): Promise<void> {
    const handler = this.#handlers.get(localEventTypes.error)
    const data: ErrorData = { error }
    try {
      await handler?.({ type: localEventTypes.error, path: '', data }, this.#client)
    } catch (second) {
      this.#log.error({ error: second }, 'the error handler failed')
    }
  }

  async #call(type: string, event: DaemonEvent): Promise<void> {
    try {
      await this.#handlers.get(type)?.(event, this.#client)
    } catch (error) {
      await this.fail(error)
    }
  }
}

/**
 * Tracim's event in a `daemon_tracim_event`.
 *
 * @throws TypeError if the event has no such data.
 * @example
 * client.on('daemon_tracim_event', (event) => console.log(tracimEventOf(event).event_type))
 */
export function tracimEventOf(event: DaemonEvent): TracimEvent {
  const { data } = event
  const value: unknown = typeof data === 'string' ? JSON.parse(data) : data
  if (!isRecord(value) || typeof value['event_type'] !== 'string') {
    throw new TypeError(`${event.type}: expected data with an event_type`)
  }
  return value as unknown as TracimEvent // Tracim documents its other fields
}
