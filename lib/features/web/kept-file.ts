// Serves files that are kept in memory, plain or compressed, including HEAD and conditional requests. Leaves the files of a user's
// directory to send-file.ts.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { type StoredCoding, wantedCodings } from './content-coding.ts'

type Coding = StoredCoding['coding']

/** A file in all its forms. */
export interface KeptFile {
  readonly type: string
  /** A hash of the content, or of its only form. */
  readonly version: string
  plain(): Uint8Array
  readonly forms: ReadonlyMap<Coding, Uint8Array>
}

/** A client that reads nothing for this long is disconnected. */
const maxStallMs = 30_000
const cacheControl = { lasting: 'public, max-age=31536000, immutable', asked: 'public, max-age=0' }

/** Creates a file. A missing `plain` form is made from the gzip form on demand. */
export function keptFile(type: string, forms: ReadonlyMap<Coding, Uint8Array>, plain?: Uint8Array): KeptFile {
  const zipped = forms.get('gzip') ?? new Uint8Array()
  const version = createHash('sha256')
    .update(plain ?? zipped)
    .digest('base64url')
    .slice(0, 16)
  return { type, version, plain: () => plain ?? gunzipSync(zipped), forms }
}

/** Sends a file. `isLasting` is true if the content at this URL never changes. */
export function sendKept(request: IncomingMessage, response: ServerResponse, file: KeptFile, isLasting: boolean): void {
  const wanted = wantedCodings(request.headers['accept-encoding'])
  const coding = wanted.find((each) => file.forms.has(each.coding))?.coding
  const body = (coding === undefined ? undefined : file.forms.get(coding)) ?? file.plain()
  const etag = `"${file.version}${coding === undefined ? '' : `-${coding}`}"`
  response.setHeader('etag', etag).setHeader('cache-control', cacheControl[isLasting ? 'lasting' : 'asked'])
  response.setHeader('vary', 'Accept-Encoding').setHeader('x-content-type-options', 'nosniff')
  if (request.headers['if-none-match']?.split(/\s*,\s*/).some((each) => each.replace(/^W\//, '') === etag)) {
    response.writeHead(304).end()
    return
  }
  if (coding !== undefined) response.setHeader('content-encoding', coding)
  response.writeHead(200, { 'content-type': file.type, 'content-length': body.length })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  // The timeout belongs to the socket, and must not apply to the next request.
  response.setTimeout(maxStallMs, () => response.destroy()).prependOnceListener('finish', () => response.setTimeout(0))
  response.end(body)
}
