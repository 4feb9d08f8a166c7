// The open responses of each connection, so that a closing port can distinguish these connections from idle ones.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class OpenAnswers {
  readonly #open = new Map<Socket, Set<ServerResponse>>()
  readonly #onLast: (socket: Socket) => void

  /** `onLast` is called when the last response of a connection has been sent. */
  constructor(onLast: (socket: Socket) => void) {
    this.#onLast = onLast
  }

  add({ socket }: IncomingMessage, response: ServerResponse): void {
    if (response.closed || socket.closed) return
    const open = this.#openAt(socket)
    open.add(response)
    response.once('close', () => {
      open.delete(response)
      if (open.size === 0) this.#onLast(socket)
    })
  }

  has(socket: Socket): boolean {
    return (this.#open.get(socket)?.size ?? 0) > 0
  }

  /** The responses being sent. A response behind another one of its connection is not being sent yet. */
  get leaving(): readonly ServerResponse[] {
    return [...this.#open.values()].flatMap((open) => [...open].filter(({ socket }) => socket !== null))
  }

  #openAt(socket: Socket): Set<ServerResponse> {
    const known = this.#open.get(socket)
    if (known !== undefined) return known
    const open = new Set<ServerResponse>()
    this.#open.set(socket, open)
    // A queued response gets no event when the connection ends.
    socket.once('close', () => this.#open.delete(socket))
    return open
  }
}
