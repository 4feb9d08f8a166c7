// Daemons, clients and raw peers in a folder of their own, for the specs of the gateway; all closed by `close`.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  TracimDaemon,
  TracimDaemonClient,
  type TracimDaemonClientOptions,
  type TracimDaemonOptions,
} from 'isock/tracim'
import type { Logger } from '../../lib/core/base/log.ts'

/** An event as it is on the wire. */
export interface RawEvent {
  readonly type: string
  readonly path: string
  // biome-ignore lint/suspicious/noExplicitAny: what the wire has, for a spec to look into
  readonly data: any
}

/** A client without any library: a socket that keeps what it gets. */
export interface RawClient {
  readonly path: string
  readonly received: RawEvent[]
  types(): string[]
  send(type: string, data?: unknown): Promise<void>
  register(): Promise<void>
  close(): Promise<void>
}

export class TracimWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'tracim-'))
  readonly masterPath = join(this.folder, 'master.sock')
  readonly lines: { readonly level: string; readonly fields: Record<string, unknown>; readonly message: string }[] = []
  readonly #closers: (() => Promise<unknown>)[] = []

  readonly log: Logger = {
    debug: (fields, message) => this.#keep('debug', fields, message),
    info: (fields, message) => this.#keep('info', fields, message),
    warn: (fields, message) => this.#keep('warn', fields, message),
    error: (fields, message) => this.#keep('error', fields, message),
  }

  /** Why something was refused or dropped, so far. */
  get reasons(): string[] {
    return this.lines.filter(({ level }) => level === 'warn').map(({ fields }) => String(fields['reason']))
  }

  async daemon(options: Partial<TracimDaemonOptions> = {}): Promise<TracimDaemon> {
    const daemon = new TracimDaemon({ socketPath: this.masterPath, log: this.log, userId: '42', ...options })
    this.#closers.push(() => daemon.close())
    await daemon.listen()
    return daemon
  }

  /** The SDK's client, with its socket made. */
  async client(name = 'client', options: Partial<TracimDaemonClientOptions> = {}): Promise<TracimDaemonClient> {
    const client = new TracimDaemonClient({
      masterSocketPath: this.masterPath,
      clientSocketPath: this.path(name),
      log: this.log,
      ...options,
    })
    this.#closers.push(() => client.close())
    await client.createClientSocket()
    return client
  }

  async rawClient(name: string): Promise<RawClient> {
    const path = this.path(name)
    const received: RawEvent[] = []
    const server = createServer((socket) => {
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('end', () => received.push(JSON.parse(Buffer.concat(chunks).toString('utf8'))))
      socket.on('error', () => undefined)
    })
    const send = (type: string, data: unknown = null) => sendRaw(this.masterPath, JSON.stringify({ type, path, data }))
    const client: RawClient = {
      path,
      received,
      types: () => received.map(({ type }) => type),
      send,
      register: () => send('daemon_client_add', { path, pid: '7' }),
      close: () => closeServer(server),
    }
    this.#closers.push(client.close)
    await new Promise<void>((resolve) => server.listen({ path, backlog: 4096 }, () => resolve()))
    return client
  }

  path(name: string): string {
    return join(this.folder, name.endsWith('.sock') ? name : `${name}.sock`)
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #keep(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields: fields as Record<string, unknown>, message })
  }
}

/** Writes these chunks to a socket, and closes. */
export function sendRaw(path: string, ...chunks: (string | Uint8Array)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    socket.on('error', reject)
    for (const chunk of chunks) socket.write(chunk)
    socket.end(() => {
      socket.destroy()
      resolve()
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
