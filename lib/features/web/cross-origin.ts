// Allows pages of other, listed origins to read responses (CORS).
import type { IncomingMessage, ServerResponse } from 'node:http'

/** The methods that pages may use. */
const methods = 'GET, HEAD, POST, PUT, DELETE, OPTIONS'
/** How long a browser may cache the answer to a preflight. */
const maxAgeSeconds = 600

/** Sets the CORS headers, and returns a function that removes them. The origin must have been checked. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): () => void {
  // An earlier listener of the user may have responded.
  if (response.headersSent) return () => undefined
  const { origin } = request.headers
  const vary = response.getHeader('vary')
  const headers: Record<string, string> = { vary: vary === undefined ? 'Origin' : `${vary}, Origin` }
  if (origin !== undefined) {
    headers['access-control-allow-origin'] = origin
    headers['access-control-expose-headers'] = '*'
  }
  const before = Object.keys(headers).map((name) => [name, response.getHeader(name)] as const)
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  return () => {
    for (const [name, value] of response.headersSent ? [] : before) {
      if (value === undefined) response.removeHeader(name)
      else response.setHeader(name, value)
    }
  }
}

/** The method that a preflight asks for; undefined if the request is not a preflight. */
export function preflightMethod({ method, headers }: IncomingMessage): string | undefined {
  return method === 'OPTIONS' && headers.origin !== undefined ? headers['access-control-request-method'] : undefined
}

/** Answers a preflight, after `allowOrigin` has set its headers. */
export function answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) return
  response.setHeader('access-control-allow-methods', methods)
  response.setHeader('access-control-max-age', maxAgeSeconds)
  const wanted = headers['access-control-request-headers']
  if (wanted !== undefined) response.setHeader('access-control-allow-headers', wanted)
  if (headers['access-control-request-private-network'] === 'true')
    response.setHeader('access-control-allow-private-network', 'true')
  response.writeHead(204).end()
}
