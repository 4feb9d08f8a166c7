// Serves the files of one directory, and the client's module for browsers: what a page needs that isock has no word in.
import { existsSync, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import send from '#send'
import { ClientError } from '../base/errors.ts'
import { invalidOption } from '../base/options.ts'
import type { MountedGateway, WebVisit } from './gateway.ts'
import { resolveInside } from './safe-path.ts'

/** A reader who takes nothing for so long is let go of: each holds a socket and an open file. */
const longestStallMs = 30_000

/** Throws ClientError (`INVALID_OPTION`) where the directory is none. */
export function staticFiles(root: string, maxStallMs = longestStallMs): MountedGateway {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw invalidOption('static', 'a directory that is there', root)
  return {
    takes: (_url, method) => isReading(method),
    onRequest(visit, response) {
      if (!isReading(visit.request.method)) return false
      void serveFrom(root, visit, response, maxStallMs)
      return true
    },
    close: async () => undefined,
  }
}

/** Serves dist/browser.js at a path. Throws ClientError where it is not there. */
export function browserModule(path: string): MountedGateway {
  // In a bundle of CommonJS there is no URL.
  const here: string | undefined = import.meta.url
  const places = here === undefined ? [] : ['../browser.js', '../../dist/browser.js']
  const file = places.map((place) => fileURLToPath(new URL(place, here))).find((place) => existsSync(place))
  if (file === undefined) {
    throw new ClientError(
      'option browserModule: the module for browsers is not beside this code: run npm run build; a server that is bundled leaves isock external, or has dist/browser.js among its static files',
      { code: 'INVALID_OPTION' },
    )
  }
  return {
    onRequest({ request, url }, response) {
      if (url.pathname !== path || !isReading(request.method)) return false
      sendFile(request, file, response, longestStallMs)
      return true
    },
    close: async () => undefined,
  }
}

function isReading(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

async function serveFrom(
  root: string,
  { request }: WebVisit,
  response: ServerResponse,
  maxStallMs: number,
): Promise<void> {
  // As it came: a slash at its end makes a directory of it.
  const { pathname } = new URL(`http://isock${request.url}`)
  const file = await resolveInside(root, pathname.endsWith('/') ? `${pathname}index.html` : pathname).catch(
    () => undefined,
  )
  if (file === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('there is no such file\n')
  else sendFile(request, file, response, maxStallMs)
}

function sendFile(request: WebVisit['request'], file: string, response: ServerResponse, maxStallMs: number): void {
  // It is the socket's timeout: the next request has another one.
  response.setTimeout(maxStallMs, () => response.destroy()).prependOnceListener('finish', () => response.setTimeout(0))
  response.setHeader('x-content-type-options', 'nosniff')
  // The path was resolved and checked: it is served as it is, and nothing is looked up beside it.
  send(request, encodeURI(file).replace(/[?#]/g, encodeURIComponent), { dotfiles: 'allow', index: false })
    .on('error', ({ status = 500 }: { status?: number }) => {
      if (response.headersSent) response.destroy()
      else response.writeHead(status, { 'content-type': 'text/plain' }).end('this file cannot be served\n')
    })
    .on('directory', () => response.writeHead(404, { 'content-type': 'text/plain' }).end('this is a directory\n'))
    .pipe(response)
}
