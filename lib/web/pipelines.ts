// Connections whose clients send requests before they have had their answers. Those wait, one behind the other; they count
// for their connection, too many close it, and what comes after many is read in turns: for one connection after the other.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Account } from '../accounting/account.ts'
import { Held, placeBytes } from '../accounting/held.ts'
import type { Meter } from '../accounting/meter.ts'
import { queueMicrotask } from '../base/platform-timers.ts'

/** A connection with more requests that wait is read in turns. */
const mostUnpaced = 16
/** With more, it is closed: nobody who means it sends so many. One chunk of the shortest ones has more than 2 000. */
const mostWaiting = 4_096
/** Connections that are read within a turn of the event loop. */
const readInTurn = 2

interface Pipeline {
  count: number
  readonly held: Meter
}

export class Pipelines {
  readonly #pipelines = new WeakMap<Socket, Pipeline>()
  /** Those that wait to be read on. */
  readonly #unread = new Set<Socket>()
  readonly #onUnread: () => void

  /** `onUnread`: there is one that waits to be read on. */
  constructor(onUnread: () => void) {
    this.#onUnread = onUnread
  }

  get hasUnread(): boolean {
    return this.#unread.size > 0
  }

  /** A request that is behind another; calls when it is the first one of its connection. Never, when that ends before. */
  wait(socket: Socket, response: ServerResponse, account: Account, onFirst: () => void): void {
    const pipeline = this.#of(socket, account)
    this.#change(pipeline, 1)
    response.once('socket', () => {
      this.#change(pipeline, -1)
      onFirst()
    })
    if (pipeline.count > mostWaiting) socket.destroy()
    else if (pipeline.count > mostUnpaced && !this.#unread.has(socket)) this.#pace(socket)
  }

  /** Another turn of the event loop. */
  readSome(): void {
    let left = readInTurn
    for (const socket of this.#unread) {
      if (left-- === 0) return
      this.#unread.delete(socket)
      socket.resume()
    }
  }

  #pace(socket: Socket): void {
    this.#unread.add(socket)
    this.#onUnread()
    // When a request is complete Node reads on: so after the chunk that it came in.
    queueMicrotask(() => {
      if (this.#unread.has(socket)) socket.pause()
    })
  }

  #of(socket: Socket, account: Account): Pipeline {
    let pipeline = this.#pipelines.get(socket)
    if (pipeline === undefined) {
      pipeline = { count: 0, held: account.meter(Held.Bodies) }
      this.#pipelines.set(socket, pipeline)
    }
    return pipeline
  }

  #change(pipeline: Pipeline, by: 1 | -1): void {
    pipeline.count += by
    pipeline.held.change(by * placeBytes.request)
  }
}
