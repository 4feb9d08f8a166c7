// A server with the HTTP gateway on a port of its own, and a client of it that is nothing but fetch and raw sockets.

import { connect, type Socket } from 'node:net'
import { Action, ActionError, Channel, Server, type ServerOptions } from 'isock'
import { type HttpOptions, http } from 'isock/http'
import type { WebListener } from 'isock/web'
import type { WebOptions } from '../../../lib/features/web/web-options.ts'
import { listenWeb } from '../../../lib/web.ts'
import { waitFor } from '../../setup/wait-for.ts'

export class Echo extends Action<unknown, unknown> {
  override action(data: unknown) {
    return data
  }
}

export class OutOfStock extends ActionError {
  readonly left: number

  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

export class News extends Channel<unknown> {
  static override history = { size: 100 }
  override canSubscribe(_session: unknown, key: string | undefined) {
    return key !== 'secret'
  }
}

export interface WorldOptions {
  readonly server?: ServerOptions
  readonly http?: HttpOptions
  readonly web?: WebOptions
}

export class HttpWorld {
  readonly server: Server
  readonly #options: WorldOptions
  readonly #sockets: Socket[] = []
  #web: WebListener | undefined

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.server = new Server(options.server ?? {})
    this.server.addAction(new Echo())
    this.server.addChannel(new News())
  }

  get url(): string {
    return this.#web?.url ?? ''
  }

  get web(): WebListener {
    return this.#web as WebListener
  }

  async start(): Promise<this> {
    const { http: options, web } = this.#options
    const where = web?.server === undefined ? { port: 0 } : {}
    this.#web = await listenWeb(this.server, { ...where, ...web, gateways: [http(options)] })
    return this
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await this.server.shutdown({ graceMs: 1_000 })
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, init)
  }

  /** As JSON, unless the data is a text already or the headers say otherwise. */
  post(name: string, data: unknown, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> {
    return this.fetch(`/actions/${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: data === undefined ? null : JSON.stringify(data),
      ...init,
    })
  }

  /** A connection of its own, whose bytes are ours to choose. */
  async raw(text = '', localAddress = '127.0.0.1'): Promise<RawClient> {
    const { port, hostname } = new URL(this.url)
    const socket = connect({ port: Number(port), host: hostname, localAddress })
    this.#sockets.push(socket)
    const client = new RawClient(socket)
    if (text !== '') socket.write(text)
    return client
  }

  /** The gateway's own word, as a program that scrapes it has it. */
  async metric(line: string): Promise<number> {
    const text = await (await this.fetch('/metrics')).text()
    const found = text.split('\n').find((each) => each.startsWith(`${line} `))
    return Number(found?.slice(line.length + 1) ?? 0)
  }

  /** Nothing of what was tried before is in the way. */
  async works(headers: Record<string, string> = {}): Promise<boolean> {
    const response = await this.post('Echo', { fine: true }, headers)
    return response.status === 200 && JSON.stringify(await response.json()) === '{"fine":true}'
  }
}

export class RawClient {
  readonly socket: Socket
  text = ''
  isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  get status(): number | undefined {
    const found = /^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1]
    return found === undefined ? undefined : Number(found)
  }

  async answered(): Promise<number> {
    await waitFor(() => this.status !== undefined && this.text.includes('\r\n\r\n'), { timeoutMs: 8_000 })
    return this.status as number
  }
}

/** `{ error }` of an answer. */
export async function errorOf(response: Response): Promise<Record<string, unknown>> {
  return ((await response.json()) as { readonly error: Record<string, unknown> }).error
}

/** Server-sent events, read as far as the client wants. */
export interface SentEvent {
  readonly event: string
  readonly data: unknown
  readonly id: string | undefined
}

export async function* eventsOf(response: Response): AsyncGenerator<SentEvent> {
  let rest = ''
  for await (const text of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]))
      const data = fields.get('data')
      if (data !== undefined)
        yield { event: fields.get('event') ?? 'message', data: JSON.parse(data), id: fields.get('id') }
    }
  }
}

/** The next so many events; the stream is left after them. */
export async function take(response: Response, count: number): Promise<SentEvent[]> {
  const events: SentEvent[] = []
  for await (const event of eventsOf(response)) {
    events.push(event)
    if (events.length === count) break
  }
  return events
}
