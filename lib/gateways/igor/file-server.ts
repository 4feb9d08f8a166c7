// Igor's file server: reads and writes files below one root over HTTP. Exists only if enabled, behind the same guards as
// everything else.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pathToFileURL } from 'node:url'
import type { FairPlaces } from '../../core/accounting/fair-places.ts'
import type { Owner } from '../../core/accounting/owner.ts'
import type { Credential } from '../../core/action/guard.ts'
import { LinkedAbort } from '../../core/base/linked-abort.ts'
import { type WebHost, WebRefusal, type WebVisit } from '../../features/web/gateway.ts'
import { placeInside, resolveInside } from '../../features/web/safe-path.ts'
import { sendFile } from '../../features/web/send-file.ts'
import { admitNew } from '../admission.ts'
import { jsonAnswer, textAnswer } from '../answer.ts'
import { credentialsInHeaders } from '../credentials.ts'
import { closeOf, deliver, whenConnected } from '../deliver.ts'
import type { ResolvedFileOptions } from './file-options.ts'
import { removeLeftParts } from './part-files.ts'
import { tooLarge, upload } from './upload.ts'

export interface FileServerOptions {
  readonly host: WebHost
  readonly options: ResolvedFileOptions
  /** Answers an upload by POST as Igor does. */
  readonly compatible: boolean
  readonly credentials: ((request: IncomingMessage) => readonly Credential[]) | undefined
}

/** An upload is aborted after `idleMs` without data, so long after that no process writes its file. */
const stalePartMs = 3_600_000
/** Byte for byte, because clients may compare it. */
const igorSaved = '{"message": "File saved."}'
/** About how much memory one file in transfer takes. */
const pieceBytes = 64 * 1024

/** Clients that may write files must not be able to add pages and scripts to this origin. */
const sandboxed = { 'content-security-policy': 'sandbox' }

export class FileServer {
  readonly #options: FileServerOptions
  readonly #abort = new AbortController()
  /** Requests to write, before and after admission, until they are answered. */
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

  /** Whether the path is ours, whatever the method. */
  takes(url: URL): boolean {
    return `${url.pathname}/`.startsWith(`${this.#options.options.prefix}/`)
  }

  /** Returns true if the request is for a file, and answers it. */
  onRequest(visit: WebVisit, response: ServerResponse): boolean {
    if (!this.takes(visit.url)) return false
    whenConnected(response, () => this.#begin(visit, response))
    return true
  }

  /** Waits for uploads, and aborts those that take longer than `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const timer = this.#options.host.clock.setTimer(() => this.#abort.abort(), graceMs)
    timer.keepProcessAlive(this.#writes.size > 0)
    await Promise.all(this.#writes)
    timer.cancel()
    this.#abort.abort()
    for (const places of [this.#uploads, this.#downloads]) this.#options.host.accounting.forget(places)
    await this.#tidied
  }

  /** Removes files of uploads whose process was killed; nothing else would. */
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

  /** The path below the root. Igor's clients name files by their absolute path on this machine. */
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
      throw new WebRefusal(405, `${method} is not allowed here`)
    }
    const owner = await this.#admit(visit)
    if (isWrite(request)) return this.#write(request, path, response, owner)
    const file = await resolveInside(options.root, path)
    if (file === undefined) throw new WebRefusal(404, 'no such file')
    // It has already closed, and emits 'close' only once.
    if (response.destroyed) return
    const leave = this.#enter(this.#downloads, owner, () => response.destroy())
    if (leave === undefined) throw this.#busy(response, `${options.maxDownloads} files are being read`)
    response.once('close', leave)
    await sendFile(request, response, { file, headers: sandboxed }, options.idleMs)
  }

  /** Takes a place for one file in transfer. Returns the function that releases it; undefined: there is no place for this client. */
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

  /** Rejects with WebRefusal if the server does not admit the client. */
  async #admit({ request, peer }: WebVisit): Promise<Owner> {
    const { host, credentials } = this.#options
    const shown = [...credentialsInHeaders(request.headers), ...(credentials?.(request) ?? [])]
    const { client, owner } = await admitNew(host, peer, { credentials: shown, retry: 0 })
    await client.close()
    return owner
  }

  async #write(request: IncomingMessage, path: string, response: ServerResponse, owner: Owner): Promise<void> {
    const { options, host } = this.#options
    const { root, maxFileBytes: maxBytes, maxUploads, idleMs } = options
    const { headers } = request
    if (headers['content-range'] !== undefined)
      throw new WebRefusal(400, 'a range of a file cannot be written; send the whole file')
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new WebRefusal(415, 'send the file without a content-encoding')
    // Checked before any of the body is read. NaN: the length is not announced.
    if (Number(headers['content-length']) > maxBytes) throw tooLarge(maxBytes)
    const abort = new LinkedAbort(this.#abort.signal)
    const leave = this.#enter(this.#uploads, owner, () => {
      abort.abort(this.#busy(response, 'others need the room of this upload'))
    })
    if (leave === undefined) {
      abort.close()
      throw this.#busy(response, `${maxUploads} files are being written`)
    }
    try {
      const place = await placeInside(root, path)
      if (place === undefined) throw new WebRefusal(403, 'cannot write here; make sure that the directory exists')
      const { clock } = host
      const how = await upload(request, { place, maxBytes, idleMs, clock, signal: abort.signal })
      if (this.#options.compatible && request.method === 'POST') {
        const saved = jsonAnswer(200, igorSaved)
        deliver(request, response, saved, { clock, maxStallMs: idleMs })
      } else response.writeHead(how === 'created' ? 201 : 204).end()
    } finally {
      leave()
      abort.close()
    }
  }

  #busy(response: ServerResponse, why: string): WebRefusal {
    response.setHeader('retry-after', 1)
    return new WebRefusal(503, `${why}; try again later`)
  }

  /** Settles when the answer was sent, or cannot be. */
  async #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    const { host, options } = this.#options
    const isRefusal = error instanceof WebRefusal
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
