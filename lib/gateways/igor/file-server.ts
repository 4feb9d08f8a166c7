// Igor's file server: reads and writes files below one root over HTTP. It is there only when asked for, and behind the
// same guards as everything else.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pathToFileURL } from 'node:url'
import send from '#send'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import type { Owner } from '../../core/accounting/owner.ts'
import type { Credential } from '../../core/action/guard.ts'
import { AuthError, ClientError } from '../../core/base/errors.ts'
import { type WebHost, WebRefusal, type WebVisit } from '../../features/web/gateway.ts'
import { placeInside, resolveInside } from '../../features/web/safe-path.ts'
import { jsonAnswer, textAnswer } from '../answer.ts'
import { credentialsInHeaders } from '../credentials.ts'
import { closeOf, deliver } from '../deliver.ts'
import { LocalClient } from '../local-client.ts'
import type { ResolvedFileOptions } from './file-options.ts'
import { removeLeftParts } from './part-files.ts'
import { tooLarge, UploadRefusal, upload } from './upload.ts'

export interface FileServerOptions {
  readonly host: WebHost
  readonly options: ResolvedFileOptions
  /** An upload by POST is answered as Igor does. */
  readonly compatible: boolean
  readonly credentials: ((request: IncomingMessage) => readonly Credential[]) | undefined
}

/** An upload is given up after `idleMs` without a piece; long after that nobody writes it. */
const stalePartMs = 3_600_000
/** To the letter, as clients may compare it. */
const igorSaved = '{"message": "File saved."}'
/** What is in memory of a file that is on its way, about. */
const pieceBytes = 64 * 1024

export class FileServer {
  readonly #options: FileServerOptions
  readonly #abort = new AbortController()
  /** Requests that want to write, from strangers too, until they are answered. */
  readonly #writes = new Set<Promise<void>>()
  readonly #tidied: Promise<void>
  readonly #uploads: FairPlaces
  readonly #downloads: FairPlaces

  constructor(options: FileServerOptions) {
    this.#options = options
    const { accounting } = options.host
    this.#uploads = accounting.places('igorUploads', options.options.maxUploads)
    this.#downloads = accounting.places('igorDownloads', options.options.maxDownloads)
    this.#tidied = options.options.write ? this.#removeLeftParts() : Promise.resolve()
  }

  /** Whether it answers requests for this, whatever they ask. */
  takes(url: URL): boolean {
    return `${url.pathname}/`.startsWith(`${this.#options.options.prefix}/`)
  }

  /** True: the request is for a file, and is answered. */
  onRequest(visit: WebVisit, response: ServerResponse): boolean {
    if (!this.takes(visit.url)) return false
    // One that is behind another in its connection never hears of the connection's end: its turn comes with the socket.
    if (response.socket === null) response.once('socket', () => this.#begin(visit, response))
    else this.#begin(visit, response)
    return true
  }

  /** Lets uploads end, and gives up those that go on after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const timer = this.#options.host.clock.setTimer(() => this.#abort.abort(), graceMs)
    timer.keepProcessAlive(this.#writes.size > 0)
    await Promise.all(this.#writes)
    timer.cancel()
    this.#abort.abort()
    for (const places of [this.#uploads, this.#downloads]) this.#options.host.accounting.forget(places)
    await this.#tidied
  }

  /** Of uploads whose process was ended, by what else nobody would remove. */
  async #removeLeftParts(): Promise<void> {
    const { host, options } = this.#options
    await removeLeftParts({
      root: options.root,
      staleAfterMs: Math.max(stalePartMs, 2 * options.idleMs),
      signal: this.#abort.signal,
      onRemoved: (file) => host.log.info({ file }, 'removed what an upload had left'),
    })
  }

  #begin(visit: WebVisit, response: ServerResponse): void {
    const { request, url } = visit
    const path = this.#pathIn(url)
    const answered = this.#answer(visit, path, response).catch((error: unknown) =>
      this.#refuse(request, response, error),
    )
    if (!isWrite(request)) return
    this.#writes.add(answered)
    void answered.finally(() => this.#writes.delete(answered))
  }

  /** Below the root. Igor's clients name files by their whole path, which is that of this machine. */
  #pathIn({ pathname }: URL): string {
    const { options, compatible } = this.#options
    const path = pathname.slice(options.prefix.length)
    const root = compatible ? pathToFileURL(options.root).pathname : ''
    return compatible && path.startsWith(`${root}/`) ? path.slice(root.length) : path
  }

  async #answer(visit: WebVisit, path: string, response: ServerResponse): Promise<void> {
    const { options } = this.#options
    const { request } = visit
    const { method = '' } = request
    if (method !== 'GET' && method !== 'HEAD' && !(isWrite(request) && options.write)) {
      response.setHeader('allow', options.write ? 'GET, HEAD, PUT, POST' : 'GET, HEAD')
      throw new UploadRefusal(405, `${method} is not possible here`)
    }
    const owner = await this.#letIn(visit)
    if (isWrite(request)) return this.#write(request, path, response, owner)
    const file = await resolveInside(options.root, path)
    if (file === undefined) throw new UploadRefusal(404, 'there is no such file')
    // It has closed already, and says so once.
    if (response.destroyed) return
    const leave = this.#enter(this.#downloads, owner, () => response.destroy())
    if (leave === undefined) throw this.#busy(response, `${options.maxDownloads} files are being read`)
    response.once('close', leave)
    // A reader that takes nothing holds the file open.
    response.setTimeout(options.idleMs, () => response.destroy())
    sendFile(request, file, response)
  }

  /** A place for one file that is on its way; gives how to leave it. undefined: there is none for this client. */
  #enter(places: FairPlaces, owner: Owner, shed: () => void): (() => void) | undefined {
    const account = this.#options.host.accounting.open({ owner, bytes: pieceBytes, shed })
    const leave = (): void => {
      places.leave(account)
      account.close()
    }
    if (places.take(account)) return leave
    leave()
    return undefined
  }

  /** Asks the server's guards, with what the request shows, and gives whom it counts for. */
  async #letIn({ request, peer }: WebVisit): Promise<Owner> {
    const { host, credentials } = this.#options
    const shown = [...credentialsInHeaders(request.headers), ...(credentials?.(request) ?? [])]
    const client = new LocalClient(host, peer, { credentials: shown, retry: 0 })
    try {
      await client.connect()
      return { address: peer.address, identity: host.findSession(client.sessionId)?.identity?.id }
    } catch (error) {
      if (error instanceof AuthError) throw new UploadRefusal(401, error.message)
      if (error instanceof ClientError && error.code === 'INVALID_OPTION')
        throw new UploadRefusal(431, 'the credentials have more than 4 KiB')
      throw new UploadRefusal(503, 'the server takes no more clients for now')
    } finally {
      await client.close()
    }
  }

  async #write(request: IncomingMessage, path: string, response: ServerResponse, owner: Owner): Promise<void> {
    const { options, host } = this.#options
    const { root, maxFileBytes: maxBytes, maxUploads, idleMs } = options
    const { headers } = request
    if (headers['content-range'] !== undefined)
      throw new UploadRefusal(400, 'a file is written whole, not a range of it')
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new UploadRefusal(415, 'send the file as it is, without a content-encoding')
    // Before anything is read of it.
    if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
    const isTaken = new AbortController()
    const leave = this.#enter(this.#uploads, owner, () => {
      isTaken.abort(this.#busy(response, 'others need the place of this upload'))
    })
    if (leave === undefined) throw this.#busy(response, `${maxUploads} files are being written`)
    try {
      const place = await placeInside(root, path)
      if (place === undefined) throw new UploadRefusal(403, 'nothing can be written here: is the directory there?')
      const { clock } = host
      const signal = AbortSignal.any([this.#abort.signal, isTaken.signal])
      const how = await upload(request, { place, maxBytes, idleMs, clock, signal })
      if (this.#options.compatible && request.method === 'POST') {
        const saved = jsonAnswer(200, igorSaved)
        deliver(request, response, saved, { clock, maxStallMs: idleMs })
      } else response.writeHead(how === 'created' ? 201 : 204).end()
    } finally {
      leave()
    }
  }

  #busy(response: ServerResponse, why: string): UploadRefusal {
    response.setHeader('retry-after', 1)
    return new UploadRefusal(503, `${why}; try again later`)
  }

  /** Settles when the answer has left, or cannot. */
  async #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    const { host, options } = this.#options
    const isRefusal = error instanceof UploadRefusal || error instanceof WebRefusal
    if (!isRefusal && !isDisconnect(error)) host.log.error({ error, url: request.url }, 'a file failed')
    if (response.headersSent || request.socket.destroyed) {
      response.destroy()
      return
    }
    const [status, message] = isRefusal ? [error.status, error.message] : [500, 'the file system failed']
    const answer = textAnswer(status, `${message}\n`, 'text/plain; charset=utf-8')
    deliver(request, response, answer, { clock: host.clock, maxStallMs: options.idleMs })
    await closeOf(response)
  }
}

function isWrite({ method }: IncomingMessage): boolean {
  return method === 'PUT' || method === 'POST'
}

function isDisconnect(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ECONNRESET'
}

function sendFile(request: IncomingMessage, file: string, response: ServerResponse): void {
  // Whoever may write files must not thereby write pages and scripts of this origin.
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('content-security-policy', 'sandbox')
  const fail = (status: number): void => {
    if (response.headersSent) response.destroy()
    else response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end('this file cannot be served\n')
  }
  // The path was resolved and checked; it is served as it is, with nothing looked up beside it.
  const path = file.split(/[\\/]/).map(encodeURIComponent).join('/')
  send(request, path, { dotfiles: 'allow', index: false })
    .on('error', ({ status = 500 }: { readonly status?: number }) => fail(status))
    .on('directory', () => fail(404))
    .pipe(response)
}
