// Bodies of requests, in memory: bounded each, bounded in all, and each with a least rate. While a body is on its way its
// request is idle: it makes room for others before any that runs.
import type { IncomingMessage } from 'node:http'
import type { Accounting } from '../../core/accounting/accounting.ts'
import type { FairQuota } from '../../core/accounting/fair-quota.ts'
import { Held } from '../../core/accounting/held.ts'
import type { Clock } from '../../core/base/clock.ts'
import { patienceMs } from '../../core/base/patience.ts'
import { HttpFault, retryAfter } from './error-answer.ts'
import type { RequestPlace } from './request-places.ts'

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number
  readonly bodyTimeoutMs: number
}

/** A body that came; its bytes count until it is released. */
export interface Body {
  readonly bytes: Uint8Array
  release(): void
}

/** What follows a refusal is no request: the connection ends with it. */
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

  /** Of all bodies that are not released. */
  get bufferedBytes(): number {
    return this.#buffered.count
  }

  /**
   * Of the request that has this place. Rejects with HttpFault: 400 where the client left, 408, 413, 503, also where it had to
   * make room. Nothing counts then.
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
    const onChunk = (chunk: Uint8Array): HttpFault | undefined => {
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
    onChunk: (chunk: Uint8Array) => HttpFault | undefined,
    size: () => number,
    place: RequestPlace,
  ): Promise<void> {
    const { bodyTimeoutMs } = this.#limits
    const clock = this.#clock
    const startedAtMs = clock.now()
    return new Promise((resolve, reject) => {
      const settle = (fault?: HttpFault): void => {
        timer.cancel()
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
      const onGone = (): void => settle(new HttpFault(400, 'BAD_REQUEST', 'the body broke off', last))
      const onLate = (): void => {
        const tookMs = clock.now() - startedAtMs
        const leftMs = patienceMs(size(), bodyTimeoutMs) - tookMs
        if (leftMs > 0) timer = clock.setTimer(onLate, leftMs)
        else {
          const message = `of the body only ${size()} bytes came in ${Math.round(tookMs)} ms`
          settle(new HttpFault(408, 'DEADLINE_EXCEEDED', message, last))
        }
      }
      let timer = clock.setTimer(onLate, bodyTimeoutMs)
      let stopListening = (): void => undefined
      request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
      stopListening = place.whenShed(() => settle(madeRoom()))
      if (request.destroyed && !request.readableEnded) onGone()
    })
  }

  #tooLarge(): HttpFault {
    const { maxBodyBytes } = this.#limits
    return new HttpFault(
      413,
      'TOO_LARGE',
      `the body has more than ${maxBodyBytes} bytes; raise maxBodyBytes, or send less`,
      last,
    )
  }

  #full(): HttpFault {
    const message = `${this.#limits.maxBufferedBytes} bytes of requests are in memory already`
    return new HttpFault(503, 'BUSY', message, { ...last, ...retryAfter })
  }
}

function madeRoom(): HttpFault {
  const message = 'the body was on its way while others needed the room; send the request again'
  return new HttpFault(503, 'BUSY', message, { ...last, ...retryAfter })
}
