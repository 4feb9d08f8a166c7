// A whole answer, before it is sent: what a kept outcome is made of, too.
import type { ServerResponse } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** undefined: no body. */
  readonly body: string | Uint8Array | undefined
}

/** On everything that is sent: answers are for who asked, and are what they say. */
export const commonHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

const jsonType = 'application/json; charset=utf-8'

export function jsonAnswer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': jsonType, ...headers }, body: text }
}

export function textAnswer(status: number, text: string, contentType: string): Answer {
  return { status, headers: { 'content-type': contentType }, body: text }
}

/** What keeping it costs, about. */
export function answerSize({ body }: Answer): number {
  return typeof body === 'string' ? 2 * body.length : (body?.byteLength ?? 0)
}

/** Sends it whole, and with 'open' leaves the end to the caller. Nothing happens where the client has gone. */
export function sendAnswer(response: ServerResponse, answer: Answer, end: 'end' | 'open' = 'end'): void {
  if (response.headersSent || response.destroyed) return
  const { status, headers, body = '' } = answer
  // 204 and 304 have no body, and no length of one.
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  response.writeHead(status, { ...commonHeaders, ...headers, ...length })
  if (end === 'end') response.end(body)
  else response.write(body)
}
