// Tells browsers that a page of another origin, one that was let in, may read what it asked for (CORS).
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a page may ask for. */
const methods = 'GET, HEAD, POST, PUT, DELETE, OPTIONS'
/** How long a browser may remember the answer to a preflight. */
const maxAgeSeconds = 600

/** Sets the headers. True: the request was a preflight, which is answered. The origin must have been checked. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers
  response.setHeader('vary', 'Origin')
  if (origin === undefined) return false
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', '*')
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  response.setHeader('access-control-allow-methods', methods)
  response.setHeader('access-control-max-age', maxAgeSeconds)
  const wanted = request.headers['access-control-request-headers']
  if (wanted !== undefined) response.setHeader('access-control-allow-headers', wanted)
  if (request.headers['access-control-request-private-network'] === 'true')
    response.setHeader('access-control-allow-private-network', 'true')
  response.writeHead(204).end()
  return true
}
