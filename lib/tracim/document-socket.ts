// A Unix socket that accepts one document per connection, as soon as it is complete, whether its writer closes or not.
// Limits size, time and number of connections. Leaves the meaning of documents to others.
import { chmodSync, lstatSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname, isAbsolute } from 'node:path'
import type { Clock } from '../core/base/clock.ts'
import { IsockError, ServerError } from '../core/base/errors.ts'
import {
  closeAtPath,
  identifyPath,
  listenAtPath,
  type PathIdentity,
  prepareSocketDirectory,
} from '../core/link/unix-path.ts'
import { DocumentEnd } from './document-end.ts'

export interface DocumentSocketOptions {
  readonly path: string
  readonly allowSharedDirectory: boolean
  readonly clock: Clock
  /** The largest document. */
  readonly maxDocumentBytes: number
  /** From the accepted connection to its end. */
  readonly documentTimeoutMs: number
  /** All documents that are arriving. */
  readonly maxBufferedBytes: number
  /** Concurrent connections; more are closed. */
  readonly maxConnections: number
  /** Receives each complete document. Anything its connection sends afterwards is ignored. */
  onDocument(bytes: Buffer): void
  /** Called for a connection without a document. The reason is safe to log. */
  onRefused(reason: string): void
}

/** How long a writer may keep its connection open after its document: further bytes are read and ignored. */
const lingerMs = 1_000

export class DocumentSocket {
  readonly #options: DocumentSocketOptions
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  #identity: PathIdentity | undefined
  #bufferedBytes = 0
  #isClosed = false

  constructor(options: DocumentSocketOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.#take(socket))
  }

  /** @throws ServerError: `ADDRESS_IN_USE` if another process serves that path, or `LISTEN_FAILED`. */
  async listen(): Promise<void> {
    const { path, allowSharedDirectory } = this.#options
    if (!isAbsolute(path) || path.includes('\0'))
      throw refused(`expected an absolute path, got ${JSON.stringify(path)}`)
    try {
      prepareSocketDirectory(path, allowSharedDirectory)
      refuseLink(dirname(path))
      refuseLink(path)
      await listenAtPath(path, () => this.#begin())
      this.#identity = identifyPath(path)
      chmodSync(path, 0o600)
    } catch (cause) {
      await this.close()
      if (cause instanceof IsockError) throw cause
      throw refused(`cannot listen at unix:${path}: ${(cause as Error).message}`, cause)
    }
  }

  /** Closes every connection and removes the socket, unless another process has put its own there. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const socket of this.#connections) socket.destroy()
    return new Promise((resolve) => {
      if (!this.#server.listening) return resolve()
      this.#server.once('close', resolve)
      closeAtPath(this.#server, { path: this.#options.path, identity: this.#identity, isInherited: false })
    })
  }

  #begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ path: this.#options.path }, () => {
        this.#server.removeListener('error', reject)
        // Errors of accept() (too many open files) pass; the listener continues.
        this.#server.on('error', () => undefined)
        resolve()
      })
    })
  }

  #take(socket: Socket): void {
    const { clock, documentTimeoutMs, maxConnections, maxDocumentBytes, maxBufferedBytes } = this.#options
    socket.on('error', () => undefined) // 'close' follows
    if (this.#isClosed || this.#connections.size >= maxConnections) {
      socket.destroy()
      if (!this.#isClosed) this.#options.onRefused(`more than ${maxConnections} connections at a time`)
      return
    }
    this.#connections.add(socket)
    let chunks: Buffer[] = []
    let length = 0
    let reason: string | undefined = 'the connection ended early'
    let isTaken = false
    const end = new DocumentEnd()
    const take = (byteCount: number): void => {
      const bytes = Buffer.concat(chunks, byteCount)
      reason = undefined
      isTaken = true
      chunks = []
      this.#bufferedBytes -= length
      length = 0
      timer.cancel()
      // A client that only checks whether the socket is served sends nothing.
      if (byteCount > 0 && !this.#isClosed) this.#options.onDocument(bytes)
    }
    const refuse = (why: string): void => {
      reason = why
      chunks = []
      socket.destroy()
    }
    let timer = clock.setTimer(() => refuse(`no complete document within ${documentTimeoutMs} ms`), documentTimeoutMs)
    socket.on('data', (chunk: Buffer) => {
      if (isTaken) return
      length += chunk.length
      this.#bufferedBytes += chunk.length
      if (length > maxDocumentBytes) refuse(`a document of more than ${maxDocumentBytes} bytes`)
      else if (this.#bufferedBytes > maxBufferedBytes) refuse(`more than ${maxBufferedBytes} bytes are arriving`)
      else {
        chunks.push(chunk)
        const inChunk = end.find(chunk)
        if (inChunk === undefined) return
        take(length - chunk.length + inChunk)
        timer = clock.setTimer(() => socket.destroy(), lingerMs)
        socket.end()
      }
    })
    socket.on('end', () => {
      socket.destroy()
      if (!isTaken) take(length)
    })
    socket.on('close', () => {
      timer.cancel()
      this.#bufferedBytes -= length
      this.#connections.delete(socket)
      if (reason !== undefined && !this.#isClosed) this.#options.onRefused(reason)
    })
  }
}

function refuseLink(path: string): void {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
  if (isLink) throw refused(`${path} is a symbolic link; use the path that it leads to`)
}

function refused(message: string, cause?: unknown): ServerError {
  return new ServerError(message, { code: 'LISTEN_FAILED', cause })
}
