// The listeners of a user's HTTP server, as long as a web port stands before them. Several ports may have joined one server,
// each before the last, and end in any order.
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** `left`: it was a port's, which has ended while another one held it; these stand in its place. */
type Listener<Args extends unknown[]> = ((...args: Args) => void) & { left?: readonly Listener<Args>[] }

interface Events {
  request: [request: IncomingMessage, response: ServerResponse]
  upgrade: [request: IncomingMessage, stream: Duplex, head: Buffer]
}

export class TakenListeners<Event extends keyof Events> {
  readonly #http: HttpServer
  readonly #event: Event
  readonly #taken: readonly Listener<Events[Event]>[]
  readonly #own: Listener<Events[Event]>

  /** Puts `own` in the place of all that listen to the event now. */
  constructor(http: HttpServer, event: Event, own: (...args: Events[Event]) => void) {
    this.#http = http
    this.#event = event
    this.#own = own
    this.#taken = http.listeners(event) as Listener<Events[Event]>[]
    http.removeAllListeners(event)
    http.on(event, own as never)
  }

  get isEmpty(): boolean {
    return present(this.#taken).length === 0
  }

  call(...args: Events[Event]): void {
    for (const listener of present(this.#taken)) listener.apply(this.#http, args)
  }

  giveBack(): void {
    const http = this.#http
    if (!(http.listeners(this.#event) as unknown[]).includes(this.#own)) {
      this.#own.left = this.#taken
      return
    }
    http.removeListener(this.#event, this.#own as never)
    for (const listener of present(this.#taken)) http.on(this.#event, listener as never)
  }
}

function present<Args extends unknown[]>(listeners: readonly Listener<Args>[]): readonly Listener<Args>[] {
  return listeners.flatMap((listener) => (listener.left === undefined ? [listener] : present(listener.left)))
}
