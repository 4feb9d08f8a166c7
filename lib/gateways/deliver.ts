// How an answer leaves whose client does not take it, or whose request is still coming in.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../core/base/clock.ts'
import { patienceMs } from '../core/base/patience.ts'
import { type Answer, answerSize, sendAnswer } from './answer.ts'

/** What is read of a request that was refused, so that its client gets to read why. */
const lingerMs = 1_000
const maxLingerBytes = 1024 * 1024

/** Sends the answer; cuts off a client that does not take it. */
export function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  { clock, maxStallMs }: { readonly clock: Clock; readonly maxStallMs: number },
): void {
  if (response.destroyed || response.headersSent) return
  const timer = clock.setTimer(() => response.destroy(), patienceMs(answerSize(answer), maxStallMs))
  response.once('close', () => timer.cancel())
  if (request.complete || !hasBody(request)) sendAnswer(response, answer)
  else deliverEarly(request, response, answer, clock)
}

/** Settles when the response is over, sent or not. */
export function closeOf(response: ServerResponse): Promise<void> {
  return response.closed ? Promise.resolve() : new Promise((resolve) => response.once('close', () => resolve()))
}

/**
 * Before the request has come to its end. The answer is complete at once, and the connection ends a little later: a socket
 * that is closed with bytes unread resets the connection, and the answer with it.
 */
function deliverEarly(request: IncomingMessage, response: ServerResponse, answer: Answer, clock: Clock): void {
  const { status, headers, body } = answer
  sendAnswer(response, { status, headers: { ...headers, connection: 'close' }, body }, 'open')
  let left = maxLingerBytes
  const end = (): void => {
    timer.cancel()
    request.off('data', onData).off('end', end).off('close', end)
    request.pause()
    if (!response.writableEnded) response.end()
  }
  const onData = (chunk: Uint8Array): void => {
    left -= chunk.length
    if (left < 0) end()
  }
  const timer = clock.setTimer(end, lingerMs)
  request.on('data', onData).on('end', end).on('close', end)
  request.resume()
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
