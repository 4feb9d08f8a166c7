// Sends one file, whose path was resolved and checked, in the client's preferred coding, with HEAD, ranges and
// conditional requests.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { withPackages } from '../../core/base/optional-packages.ts'
import type { StoredCoding } from './content-coding.ts'

/** A client that reads nothing for this long is disconnected. */
export const defaultMaxStallMs = 30_000

/** A file and how to send it. */
export interface FileToSend {
  /** The absolute path. Its extension determines the type. */
  readonly file: string
  /** The same file in a coding that the client accepts. */
  readonly coded?: CodedFile | undefined
  /** Whether there are other codings, so that caches must keep them apart. Default false. */
  readonly hasCodings?: boolean
  /** Whether the content at this URL never changes. Default: clients revalidate it each time by its ETag. */
  readonly isImmutable?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

export interface CodedFile {
  readonly file: string
  readonly coding: StoredCoding['coding']
}

/** How long clients that do not support `immutable` may cache. */
const aYearMs = 365 * 24 * 60 * 60 * 1000
/** Headers that describe the file, to be removed if an error is sent instead. */
const headersOfFile = ['accept-ranges', 'cache-control', 'content-encoding', 'content-length', 'etag', 'last-modified']

/** Sends a file. Disconnects a client that reads nothing for `maxStallMs`, because each holds a socket and an open file. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, coded, hasCodings = false, isImmutable = false, headers = {} }: FileToSend,
  maxStallMs: number,
): Promise<void> {
  const { default: send } = await withPackages('a static file', ['send'], () => import('#send'))
  // The timeout belongs to the socket, and must not apply to the next request.
  response.setTimeout(maxStallMs, () => response.destroy()).prependOnceListener('finish', () => response.setTimeout(0))
  for (const [name, value] of Object.entries({ 'x-content-type-options': 'nosniff', ...headers }))
    response.setHeader(name, value)
  if (hasCodings) addVary(response, 'Accept-Encoding')
  // The path is used as it is; no other files are looked up.
  const path = encodeURI(coded?.file ?? file).replace(/[?#]/g, encodeURIComponent)
  const cache = isImmutable ? { immutable: true, maxAge: aYearMs } : {}
  const sending = send(request, path, { dotfiles: 'allow', index: false, ...cache })
  if (coded !== undefined) {
    sending.on(
      'headers',
      (_response: ServerResponse, _path: string, { size, mtime }: { size: number; mtime: Date }) => {
        response.setHeader('content-encoding', coded.coding)
        response.setHeader('etag', `W/"${size.toString(16)}-${mtime.getTime().toString(16)}-${coded.coding}"`)
        sending.type(file)
      },
    )
  }
  sending
    .on('error', ({ status = 500 }: { status?: number }) => {
      if (response.headersSent) {
        response.destroy()
        return
      }
      for (const name of headersOfFile) response.removeHeader(name)
      response.writeHead(status, { 'content-type': 'text/plain' }).end('this file cannot be served\n')
    })
    .on('directory', () => response.writeHead(404, { 'content-type': 'text/plain' }).end('this is a directory\n'))
    .pipe(response)
}

/** Whether the method only reads. */
export function isReading(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

function addVary(response: ServerResponse, name: string): void {
  const vary = response.getHeader('vary')
  response.setHeader('vary', vary === undefined ? name : `${vary}, ${name}`)
}
