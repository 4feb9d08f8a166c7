// A stream of events to one client, as server-sent events or as lines of JSON. Whoever sends waits until the client has
// taken what was sent: nothing piles up here, and a client that takes nothing for too long is cut off.
import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { patienceMs } from '../../core/base/patience.ts'
import { commonHeaders } from '../answer.ts'
import type { StreamFormat } from './accept.ts'

export interface EventStreamOptions {
  readonly clock: Clock
  readonly format: StreamFormat
  readonly keepAliveMs: number
  readonly maxStallMs: number
}

const contentTypes: Readonly<Record<StreamFormat, string>> = {
  sse: 'text/event-stream; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
}

/** What readers pass over: a comment, an empty line. */
const signsOfLife: Readonly<Record<StreamFormat, string>> = { sse: ': keep-alive\n\n', ndjson: '\n' }

export class EventStream {
  readonly #response: ServerResponse
  readonly #options: EventStreamOptions
  #keepAlive: Timer | undefined

  /** Sends the head. */
  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response
    this.#options = options
    // Proxies such as nginx would keep events back until they have a buffer full of them.
    const headers = { ...commonHeaders, 'content-type': contentTypes[options.format], 'x-accel-buffering': 'no' }
    response.writeHead(200, headers)
    response.flushHeaders()
    response.once('close', () => this.#keepAlive?.cancel())
    this.#rearm()
  }

  /** Sends an event whose data is JSON text. Settles when there is room for the next one; false: the client has gone. */
  send(event: string | undefined, json: string, id?: string): Promise<boolean> {
    return this.#write(this.#options.format === 'ndjson' ? `{"${event ?? 'message'}":${json}}\n` : sse(event, json, id))
  }

  /** For readers that come back by themselves: how long they wait first. */
  advise(retryMs: number): Promise<boolean> {
    return this.#options.format === 'sse' ? this.#write(`retry: ${retryMs}\n\n`) : Promise.resolve(true)
  }

  /** In order, after what was sent. */
  end(): void {
    this.#keepAlive?.cancel()
    if (!this.#response.destroyed) this.#response.end()
  }

  #write(text: string): Promise<boolean> {
    const response = this.#response
    if (response.destroyed || response.writableEnded) return Promise.resolve(false)
    this.#rearm()
    if (response.write(text)) return Promise.resolve(true)
    const { clock, maxStallMs } = this.#options
    return new Promise((resolve) => {
      const settle = (goesOn: boolean) => (): void => {
        timer.cancel()
        response.off('drain', onDrain).off('close', onClose)
        resolve(goesOn)
      }
      const onDrain = settle(true)
      const onClose = settle(false)
      const timer = clock.setTimer(() => response.destroy(), patienceMs(text.length, maxStallMs))
      response.on('drain', onDrain).on('close', onClose)
    })
  }

  #rearm(): void {
    this.#keepAlive?.cancel()
    this.#keepAlive = this.#options.clock.setTimer(this.#onSilence, this.#options.keepAliveMs)
  }

  readonly #onSilence = (): void => {
    if (this.#response.destroyed || this.#response.writableEnded) return
    // Who has not taken what was sent is not kept waiting for words.
    if (!this.#response.writableNeedDrain) this.#response.write(signsOfLife[this.#options.format])
    this.#rearm()
  }
}

/** JSON text has no line breaks, so that an event's data is one line. */
function sse(event: string | undefined, json: string, id: string | undefined): string {
  const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`
  return `${head}data: ${json}\n\n`
}
