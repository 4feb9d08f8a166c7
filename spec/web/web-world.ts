// Servers with a web port, for specs, and what speaks to them without isock: raw requests and plain WebSockets.

import { once } from 'node:events'
import { type Server as HttpServer, type IncomingHttpHeaders, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { WebSocket } from 'ws'
import { Action, Client, Server, type ServerOptions } from '../../lib/index.ts'
import { listenWeb, type WebListener, type WebOptions } from '../../lib/web.ts'

export class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Closes everything that it made. */
export class WebWorld {
  readonly #closers: (() => Promise<unknown> | unknown)[] = []

  async serve(options: Partial<WebOptions> = {}, serverOptions: ServerOptions = {}): Promise<Serving> {
    const server = new Server(serverOptions).addAction(new Echo())
    this.later(() => server.shutdown({ graceMs: 0 }))
    const web = await listenWeb(server, { ...(options.server === undefined ? { port: 0 } : {}), ...options })
    return { server, web }
  }

  client(address: string | URL, options: ConstructorParameters<typeof Client>[1] = {}): Client {
    const client = new Client(address, { retry: 0, backoff: { minMs: 1, maxMs: 10 }, ...(options as object) })
    this.later(() => client.close())
    return client
  }

  /** Opens an HTTP server on a port of its own; returns its URL. */
  async listen(http: HttpServer): Promise<string> {
    this.later(() => http.close())
    await once(http.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  }

  /** A plain WebSocket, open. */
  async socket(url: string, protocols: string[] = [], headers: Record<string, string> = {}): Promise<WebSocket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers })
    this.later(() => socket.terminate())
    await once(socket, 'open')
    socket.on('error', () => undefined)
    return socket
  }

  /** The status with which an upgrade is refused. */
  async refusedStatus(url: string, protocols: string[] = [], headers: Record<string, string> = {}): Promise<number> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers })
    socket.on('error', () => undefined)
    this.later(() => socket.terminate())
    const [, response] = await once(socket, 'unexpected-response')
    response.resume()
    return response.statusCode
  }

  later(close: () => Promise<unknown> | unknown): void {
    this.#closers.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}

export interface Serving {
  readonly server: Server
  readonly web: WebListener
}

/** A request as it is, with whatever path and headers, which `fetch` would set right. */
export function ask(url: string, path = '/', headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const asking = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    asking.on('error', reject).end()
  })
}

/** All that comes back for these bytes, until the other side closes, which they must ask it to. */
export async function rawAnswer(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.setEncoding('utf8').write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}
