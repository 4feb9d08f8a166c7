// Sends one file, whose path was resolved and checked, in the coding that the client wants: HEAD, ranges and conditions included.
import type { IncomingMessage, ServerResponse } from 'node:http'
import send from '#send'
import type { StoredCoding } from './content-coding.ts'

/** A reader that takes nothing for so long is disconnected. */
export const longestStallMs = 30_000

/** What is sent. */
export interface SentFile {
  /** Absolute. Its ending says the type. */
  readonly file: string
  /** The same in a coding, where there is one that the client wants. */
  readonly coded?: CodedFile | undefined
  /** There are codings to choose from: caches have to keep them apart. */
  readonly hasCodings: boolean
  /** What is at this address never changes: it is not asked for again. Default: it is asked for each time, by its ETag. */
  readonly isImmutable?: boolean
}

export interface CodedFile {
  readonly file: string
  readonly coding: StoredCoding['coding']
}

/** What `immutable` means where it is not known. */
const aYearMs = 365 * 24 * 60 * 60 * 1000
/** They describe the file, and not what is said instead of it. */
const headersOfFile = ['accept-ranges', 'cache-control', 'content-encoding', 'content-length', 'etag', 'last-modified']

/** A reader that takes nothing for `maxStallMs` is disconnected, as each holds a socket and an open file. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, coded, hasCodings, isImmutable = false }: SentFile,
  maxStallMs: number,
): void {
  // It is the socket's timeout: the next request has another one.
  response.setTimeout(maxStallMs, () => response.destroy()).prependOnceListener('finish', () => response.setTimeout(0))
  response.setHeader('x-content-type-options', 'nosniff')
  if (hasCodings) addVary(response, 'Accept-Encoding')
  // The path is served as it is, and nothing is looked up beside it.
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
