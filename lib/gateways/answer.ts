// A whole HTTP response before it is sent. It can be stored and sent again.
import type { ServerResponse } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined: no body. */
  readonly body: string | Uint8Array | undefined
}

/** Sent with every answer: caches must not share it, and browsers must not guess its type. */
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

/** The approximate number of bytes needed to store it. */
export function answerSize({ body }: Answer): number {
  return typeof body === 'string' ? 2 * body.length : (body?.byteLength ?? 0)
}

/** Sends the whole answer; with 'open', the caller ends it. Does nothing if the client has gone. */
export function sendAnswer(response: ServerResponse, answer: Answer, end: 'end' | 'open' = 'end'): void {
  if (response.headersSent || response.destroyed) return
  const { status, headers, body = '' } = answer
  // 204 and 304 have neither a body nor its length.
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  response.writeHead(status, { ...commonHeaders, ...headers, ...length })
  if (end === 'end') response.end(body)
  else response.write(body)
}
