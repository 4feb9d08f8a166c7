// HTTP pipelining: connections whose clients send requests before they have the responses. Such requests wait in order, and count
// for their connection; too many close it. Above a lower limit, the connection is paused until few are left, but at most for a
// second, then twice as long each time, because the end of the connection must be noticed. Paused connections resume in turns.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Account } from '../../core/accounting/account.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Meter } from '../../core/accounting/meter.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'

/** A connection with more waiting requests is paused. */
const maxUnpaused = 16
const firstLookMs = 1_000
/** A connection with more waiting requests is closed: no honest client sends that many. One chunk can have more than 2 000. */
const maxWaiting = 4_096
/** The number of connections that resume per turn of the event loop. */
const readInTurn = 2

interface Pipeline {
  readonly socket: Socket
  readonly held: Meter
  count: number
  /** Whether the connection is paused. */
  isPaused: boolean
  lookAgain: Timer | undefined
  lookAgainMs: number
}

export class Pipelines {
  readonly #clock: Clock
  readonly #pipelines = new WeakMap<Socket, Pipeline>()
  /** Connections that will resume when it is their turn. */
  readonly #ready = new Set<Pipeline>()
  readonly #onReady: () => void

  /** `onReady` is called when a connection can resume. */
  constructor(clock: Clock, onReady: () => void) {
    this.#clock = clock
    this.#onReady = onReady
  }

  get hasReady(): boolean {
    return this.#ready.size > 0
  }

  /** Calls `onFirst` when the request is the first one of its connection, unless the connection ends before. */
  wait(socket: Socket, response: ServerResponse, account: Account, onFirst: () => void): void {
    const pipeline = this.#of(socket, account)
    this.#change(pipeline, 1)
    response.once('socket', () => {
      this.#change(pipeline, -1)
      if (pipeline.count === maxUnpaused) this.#fewAreLeft(pipeline)
      onFirst()
    })
    if (pipeline.count > maxWaiting) socket.destroy()
    else if (pipeline.count > maxUnpaused) this.#pause(pipeline)
  }

  /** Called once per turn of the event loop. */
  readSome(): void {
    let left = readInTurn
    for (const pipeline of this.#ready) {
      if (left-- === 0) return
      this.#ready.delete(pipeline)
      pipeline.isPaused = false
      pipeline.socket.resume()
    }
  }

  #pause(pipeline: Pipeline): void {
    if (pipeline.isPaused) return
    pipeline.isPaused = true
    pipeline.lookAgain = this.#clock.setTimer(() => this.#makeReady(pipeline), pipeline.lookAgainMs)
    pipeline.lookAgainMs *= 2
    pipeline.socket.pause()
  }

  #fewAreLeft(pipeline: Pipeline): void {
    pipeline.lookAgainMs = firstLookMs
    this.#makeReady(pipeline)
  }

  #makeReady(pipeline: Pipeline): void {
    if (pipeline.lookAgain === undefined) return
    pipeline.lookAgain.cancel()
    pipeline.lookAgain = undefined
    this.#ready.add(pipeline)
    this.#onReady()
  }

  #of(socket: Socket, account: Account): Pipeline {
    let pipeline = this.#pipelines.get(socket)
    if (pipeline === undefined) {
      const held = account.meter(Held.Bodies)
      const made: Pipeline = { socket, held, count: 0, isPaused: false, lookAgain: undefined, lookAgainMs: firstLookMs }
      this.#pipelines.set(socket, made)
      socket.once('close', () => this.#makeReady(made))
      // Node resumes reading whenever a request is complete.
      socket.on('resume', () => {
        if (made.isPaused) socket.pause()
      })
      pipeline = made
    }
    return pipeline
  }

  #change(pipeline: Pipeline, by: 1 | -1): void {
    pipeline.count += by
    pipeline.held.change(by * placeBytes.request)
  }
}
