// Request bodies in memory, with a limit for each, a limit for all, and a minimum rate. A request whose body is still arriving
// counts as idle, so it is evicted before a running one.
import type { IncomingMessage } from 'node:http'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairQuota } from '../../core/accounting/fair-quota.ts'
import { Held } from '../../core/accounting/held.ts'
import type { Clock } from '../../core/base/clock.ts'
import { watchIncoming } from '../../features/web/least-rate.ts'
import { HttpError, retryAfter } from './error-answer.ts'
import type { RequestPlace } from './request-places.ts'

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number
  readonly bodyTimeoutMs: number
}

/** A complete body. Its bytes count until it is released. */
export interface Body {
  readonly bytes: Uint8Array
  release(): void
}

/** No request can follow a refused body, so its connection is closed. */
const last = { connection: 'close' } as const

export class Bodies {
  readonly #limits: BodyLimits
  readonly #clock: Clock
  readonly #buffered: FairQuota

  constructor(limits: BodyLimits, accounting: Accounting, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#buffered = accounting.quota(limits.maxBufferedBytes)
  }

  /** The bytes of all bodies that are not released. */
  get bufferedBytes(): number {
    return this.#buffered.count
  }

  /**
   * Reads the body of the request with this place. Rejects with HttpError: 400 if the client disconnected, 408, 413, or 503, also
   * if it was evicted. Then nothing counts.
   */
  async read(request: IncomingMessage, place: RequestPlace): Promise<Body> {
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > this.#limits.maxBodyBytes) throw this.#tooLarge()
    const chunks: Uint8Array[] = []
    let size = 0
    const { account } = place
    const meter = account.meter(Held.Bodies)
    const release = (): void => {
      this.#buffered.leave(account)
      meter.clear()
    }
    const onChunk = (chunk: Uint8Array): HttpError | undefined => {
      if (size + chunk.length > this.#limits.maxBodyBytes) return this.#tooLarge()
      if (!this.#buffered.take(account, chunk.length)) return this.#full()
      size += chunk.length
      meter.change(chunk.length)
      this.#buffered.refresh(account)
      place.wasUsed()
      chunks.push(chunk)
      return undefined
    }
    account.rest()
    try {
      await this.#readChunks(request, onChunk, () => size, place)
    } catch (error) {
      release()
      throw error
    } finally {
      account.wake()
    }
    return { bytes: Buffer.concat(chunks, size), release }
  }

  #readChunks(
    request: IncomingMessage,
    onChunk: (chunk: Uint8Array) => HttpError | undefined,
    size: () => number,
    place: RequestPlace,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (fault?: HttpError): void => {
        stopWatch()
        stopListening()
        request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
        if (fault === undefined) resolve()
        else {
          request.pause()
          reject(fault)
        }
      }
      const onData = (chunk: Uint8Array): void => {
        const fault = onChunk(chunk)
        if (fault !== undefined) settle(fault)
      }
      const onEnd = (): void => settle()
      const onGone = (): void => settle(new HttpError(400, 'BAD_REQUEST', 'the body ended early', last))
      const onSlow = (tookMs: number): void => {
        const message = `only ${size()} bytes of the body arrived in ${Math.round(tookMs)} ms`
        settle(new HttpError(408, 'DEADLINE_EXCEEDED', message, last))
      }
      const stopWatch = watchIncoming(this.#clock, this.#limits.bodyTimeoutMs, size, onSlow)
      let stopListening = (): void => undefined
      request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
      stopListening = place.whenShed(() => settle(madeRoom()))
      if (request.destroyed && !request.readableEnded) onGone()
    })
  }

  #tooLarge(): HttpError {
    const { maxBodyBytes } = this.#limits
    return new HttpError(
      413,
      'TOO_LARGE',
      `the body has more than ${maxBodyBytes} bytes; send less, or raise maxBodyBytes`,
      last,
    )
  }

  #full(): HttpError {
    const message = `${this.#limits.maxBufferedBytes} bytes of requests are already in memory`
    return new HttpError(503, 'BUSY', message, { ...last, ...retryAfter })
  }
}

function madeRoom(): HttpError {
  const message = 'others needed the room while the body was arriving; send the request again'
  return new HttpError(503, 'BUSY', message, { ...last, ...retryAfter })
}
