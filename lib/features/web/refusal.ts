// Refuses requests and upgrades.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Why a request or an upgrade is refused. A `WebRefusal` is one. */
export interface Refusal {
  readonly status: number
  readonly message: string
  /** Called when the refusal is sent, but not if the user's own handlers take the request. */
  readonly onAnswered?: () => void
}

/** Responds to an upgrade with a status, and closes the connection. */
export function refuseUpgrade(stream: Duplex, { status, message, onAnswered }: Refusal): void {
  onAnswered?.()
  if (stream.destroyed || stream.writableEnded) return
  const lines = [`HTTP/1.1 ${status} Refused`, 'connection: close', 'content-type: text/plain; charset=utf-8']
  const body = `${message}\n`
  stream.once('finish', () => stream.destroy())
  stream.end([...lines, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
}

export function refuseRequest(response: ServerResponse, refusal: Refusal | undefined): void {
  if (refusal === undefined) return
  const { status, message, onAnswered } = refusal
  onAnswered?.()
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
}

/**
 * Ignores an upgrade to another protocol, such as HTTP/2. Node has already handed over the raw socket, so the request is put back,
 * to be read again without that header and as the last one of its connection.
 */
export function unreadWithoutUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`, 'connection: close']
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (!/^(connection|upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${rawHeaders[i + 1]}`)
  }
  stream.unshift(Buffer.concat([Buffer.from([...lines, '', ''].join('\r\n'), 'latin1'), head]))
}
