// Sends one file, whose path was resolved and checked, in the coding that the client prefers: with HEAD, ranges and
// conditions.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { withPackages } from '../../core/base/optional-packages.ts'
import type { StoredCoding } from './content-coding.ts'

/** A reader that reads nothing for this long is disconnected. */
export const longestStallMs = 30_000

/** A file, and how it is sent. */
export interface FileToSend {
  /** Absolute. Its extension decides the type. */
  readonly file: string
  /** The same file in a coding that the client accepts. */
  readonly coded?: CodedFile | undefined
  /** Codings exist: caches have to keep them apart. Default false. */
  readonly hasCodings?: boolean
  /** The content at this address never changes: clients need not ask again. Default: they ask each time, by its ETag. */
  readonly isImmutable?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

export interface CodedFile {
  readonly file: string
  readonly coding: StoredCoding['coding']
}

/** How long clients that do not know `immutable` may cache. */
const aYearMs = 365 * 24 * 60 * 60 * 1000
/** They describe the file, not an error that is sent instead. */
const headersOfFile = ['accept-ranges', 'cache-control', 'content-encoding', 'content-length', 'etag', 'last-modified']

/** Disconnects a reader that reads nothing for `maxStallMs`: each holds a socket and an open file. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, coded, hasCodings = false, isImmutable = false, headers = {} }: FileToSend,
  maxStallMs: number,
): Promise<void> {
  const { default: send } = await withPackages('a static file', ['send'], () => import('#send'))
  // It is the socket's timeout, and the next request has another one.
  response.setTimeout(maxStallMs, () => response.destroy()).prependOnceListener('finish', () => response.setTimeout(0))
  for (const [name, value] of Object.entries({ 'x-content-type-options': 'nosniff', ...headers }))
    response.setHeader(name, value)
  if (hasCodings) addVary(response, 'Accept-Encoding')
  // The path is used as it is, and nothing is looked up beside it.
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

/** Files are only read. */
export function isReading(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

function addVary(response: ServerResponse, name: string): void {
  const vary = response.getHeader('vary')
  response.setHeader('vary', vary === undefined ? name : `${vary}, ${name}`)
}
