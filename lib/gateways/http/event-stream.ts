// A stream of events to one client, as server-sent events or JSON lines. Senders wait until the client has read, so nothing piles
// up. Disconnects a client that reads too slowly.
import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { ReaderWatch } from '../../features/web/least-rate.ts'
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

/** A comment or an empty line, which readers ignore. */
const keepAlives: Readonly<Record<StreamFormat, string>> = { sse: ': keep-alive\n\n', ndjson: '\n' }

export class EventStream {
  readonly #response: ServerResponse
  readonly #options: EventStreamOptions
  readonly #reader: ReaderWatch
  #keepAlive: Timer | undefined

  /** Sends the head of the response. */
  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response
    this.#options = options
    this.#reader = new ReaderWatch(options.clock, options.maxStallMs, () => response.destroy())
    // Proxies such as nginx would otherwise buffer events.
    const headers = { ...commonHeaders, 'content-type': contentTypes[options.format], 'x-accel-buffering': 'no' }
    response.writeHead(200, headers)
    response.flushHeaders()
    response.once('close', () => this.#keepAlive?.cancel())
    this.#rearm()
  }

  /** Sends an event with JSON as data. Settles when there is room for the next one, with false if the client has disconnected. */
  send(event: string | undefined, json: string, id?: string): Promise<boolean> {
    return this.#write(this.#options.format === 'ndjson' ? `{"${event ?? 'message'}":${json}}\n` : sse(event, json, id))
  }

  /** Tells an EventSource how long to wait before it reconnects. */
  advise(retryMs: number): Promise<boolean> {
    return this.#options.format === 'sse' ? this.#write(`retry: ${retryMs}\n\n`) : Promise.resolve(true)
  }

  /** Ends the stream after all sent events. */
  end(): void {
    this.#keepAlive?.cancel()
    if (!this.#response.destroyed) this.#response.end()
  }

  #write(text: string): Promise<boolean> {
    const response = this.#response
    if (response.destroyed || response.writableEnded) return Promise.resolve(false)
    this.#rearm()
    if (response.write(text)) return Promise.resolve(true)
    this.#reader.add(text.length)
    return new Promise((resolve) => {
      const settle = (isOpen: boolean) => (): void => {
        this.#reader.stop()
        response.off('drain', onDrain).off('close', onClose)
        resolve(isOpen)
      }
      const onDrain = settle(true)
      const onClose = settle(false)
      response.on('drain', onDrain).on('close', onClose)
    })
  }

  #rearm(): void {
    this.#keepAlive?.cancel()
    this.#keepAlive = this.#options.clock.setTimer(this.#onSilence, this.#options.keepAliveMs)
  }

  readonly #onSilence = (): void => {
    if (this.#response.destroyed || this.#response.writableEnded) return
    // No keep-alive while the client has not read everything.
    if (!this.#response.writableNeedDrain) this.#response.write(keepAlives[this.#options.format])
    this.#rearm()
  }
}

/** JSON text has no line breaks, so that an event's data is one line. */
function sse(event: string | undefined, json: string, id: string | undefined): string {
  const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`
  return `${head}data: ${json}\n\n`
}
