// A server with an Igor gateway, and clients that know nothing but Igor's document: a plain WebSocket and fetch.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Server, type ServerOptions } from 'isock'
import { type IgorOptions, igor } from 'isock/igor'
import type { WebOptions } from 'isock/web'
import { WebSocket } from 'ws'
import { silentLogger } from '../../../lib/core/base/log.ts'
import { listenWeb } from '../../../lib/web.ts'
import { waitFor } from '../../setup/wait-for.ts'

/** What an Igor server says. */
export interface Told {
  readonly streamId?: string | number
  readonly action?: string
  // biome-ignore lint/suspicious/noExplicitAny: what the wire has, for a spec to look into
  readonly data?: any
  readonly error?: string
  readonly code?: number
  readonly close?: true
  readonly name?: string
}

/** How a client connects. */
export interface SeedOptions {
  readonly protocol?: string
  readonly headers?: Record<string, string>
  /** Its own IP address, of this machine. */
  readonly from?: string
}

/** A client as the document has it: streams' ids are made here, and everything is JSON text. */
export class SeedClient {
  readonly socket: WebSocket
  readonly received: Told[] = []
  closedWith: number | undefined
  #count = 0

  constructor(url: string, options: SeedOptions = {}) {
    this.socket = new WebSocket(url, options.protocol === undefined ? [] : [options.protocol], {
      headers: options.headers ?? {},
      ...(options.from === undefined ? {} : { localAddress: options.from }),
    })
    this.socket.on('message', (data) => this.received.push(JSON.parse(String(data)) as Told))
    this.socket.on('close', (code) => {
      this.closedWith = code
    })
    this.socket.on('error', () => undefined)
  }

  async open(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, 'open')
    return this
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Begins a stream, and gives its id. */
  start(action: string, data: unknown = null): string {
    const streamId = `stream-${++this.#count}`
    this.send({ streamId, action, data })
    return streamId
  }

  /** All messages of a stream, once it is closed. */
  async run(action: string, data: unknown = null): Promise<Told[]> {
    return this.whole(this.start(action, data))
  }

  async whole(streamId: string | number): Promise<Told[]> {
    await waitFor(() => this.of(streamId).some(({ close }) => close === true), {
      timeoutMs: 8_000,
      what: `the end of ${streamId}`,
    })
    return this.of(streamId)
  }

  of(streamId: string | number): Told[] {
    return this.received.filter((told) => told.streamId === streamId)
  }

  async introduce(client_id: unknown, more: object = {}): Promise<Told> {
    return (await this.run('introduce_self', { client_id, ...more }))[0] as Told
  }

  async isClosed(): Promise<number> {
    await waitFor(() => this.closedWith !== undefined, { timeoutMs: 8_000, what: 'the socket to close' })
    return this.closedWith as number
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return
    this.socket.terminate()
    await waitFor(() => this.socket.readyState === WebSocket.CLOSED)
  }
}

export class IgorWorld {
  server!: Server
  url = ''
  readonly folder = mkdtempSync(join(tmpdir(), 'igor-'))
  /** Connections that the gateway knows to have ended. */
  endedCount = 0
  readonly #clients: SeedClient[] = []

  /** `prepare` adds actions and processes before the server serves. */
  async start(
    prepare: (server: Server) => void,
    igorOptions: IgorOptions = {},
    serverOptions: ServerOptions = {},
    webOptions: WebOptions = {},
  ): Promise<this> {
    const debug = (_fields: object, message: string): void => {
      if (message === 'a connection of an Igor client has ended') this.endedCount++
    }
    this.server = new Server('127.0.0.1', 0, { log: { ...silentLogger, debug }, ...serverOptions })
    prepare(this.server)
    await this.server.listen()
    const web = await listenWeb(this.server, { port: 0, gateways: [igor(igorOptions)], ...webOptions })
    this.url = web.url
    return this
  }

  get wsUrl(): string {
    return `${this.url.replace('http', 'ws')}/igor`
  }

  client(options: SeedOptions & { path?: string } = {}): Promise<SeedClient> {
    const url = this.wsUrl.replace(/\/igor$/, options.path ?? '/igor')
    const client = new SeedClient(url, options)
    this.#clients.push(client)
    return client.open()
  }

  /** Cuts a client off, and waits until the gateway has noticed. */
  async cut(client: SeedClient): Promise<void> {
    const { endedCount } = this
    await client.close()
    await waitFor(() => this.endedCount > endedCount, { timeoutMs: 8_000, what: 'the gateway to notice' })
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.server?.shutdown({ graceMs: 200 })
    rmSync(this.folder, { recursive: true, force: true })
  }
}
