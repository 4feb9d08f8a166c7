// The answers that are on their way over each connection, so that at the end of a port these connections are distinguished from idle
// ones.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class OpenAnswers {
  readonly #open = new Map<Socket, Set<ServerResponse>>()
  readonly #onLast: (socket: Socket) => void

  /** `onLast` is called when the last answer of a connection has left. */
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

  /** Answers whose turn has come. An answer behind another one of its connection is not on its way yet. */
  get leaving(): readonly ServerResponse[] {
    return [...this.#open.values()].flatMap((open) => [...open].filter(({ socket }) => socket !== null))
  }

  #openAt(socket: Socket): Set<ServerResponse> {
    const known = this.#open.get(socket)
    if (known !== undefined) return known
    const open = new Set<ServerResponse>()
    this.#open.set(socket, open)
    // A queued answer does not learn that the connection has ended.
    socket.once('close', () => this.#open.delete(socket))
    return open
  }
}
