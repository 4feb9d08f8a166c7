// An HTTP server that behaves as Tracim does where the gateway looks: login with a cookie, live messages as server-sent
// events, and an echo for everything else. Its streams can be cut and its logins expired.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export class FakeTracim {
  readonly requests: SeenRequest[] = []
  readonly streams: ServerResponse[] = []
  password = 'open sesame'
  loginStatus = 200
  /** Sent with each new stream, so that reconnecting takes no 3 s. */
  retryMs = 1
  /** Whether events have an `id:`, beside the one in their data. */
  hasIds = true
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  #logins = 0
  #nextId = 1
  readonly #kept: { readonly id: number; readonly text: string }[] = []

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`
  }

  /** Of the streams that were opened: where each wanted to go on. */
  get resumedFrom(): (string | undefined)[] {
    return this.streamRequests.map(({ headers }) => headers['last-event-id'] as string | undefined)
  }

  get streamRequests(): SeenRequest[] {
    return this.requests.filter(({ url }) => url.includes('live_messages'))
  }

  get loginCount(): number {
    return this.requests.filter(({ url }) => url === '/api/auth/login').length
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** Tells all streams; those that come later and ask for it get it too. */
  emit(eventType: string, fields: unknown = {}): void {
    const id = this.#nextId++
    const event = { event_id: id, event_type: eventType, read: null, created: '2024-01-01T00:00:00Z', fields }
    const text = `${this.hasIds ? `id: ${id}\n` : ''}event: message\ndata: ${JSON.stringify(event)}\n\n`
    this.#kept.push({ id, text })
    for (const stream of this.streams) stream.write(text)
  }

  cut(): void {
    for (const stream of this.streams.splice(0)) stream.destroy()
  }

  expireLogins(): void {
    this.#logins++
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const seen: SeenRequest = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') }
    this.requests.push(seen)
    if (url === '/api/auth/login') return this.#login(seen, response)
    if (headers.cookie !== `session_key=key${this.#logins}`) return void response.writeHead(401).end('{"code":2001}')
    if (url.startsWith('/api/users/42/live_messages')) return this.#stream(seen, response)
    if (url === '/api/redirect') return void response.writeHead(302, { Location: 'http://elsewhere.invalid/' }).end()
    if (url === '/api/large') return void response.end('x'.repeat(10_000))
    if (url === '/api/never') return
    response.writeHead(201, 'Made', { 'Content-Type': 'application/json' }).end(JSON.stringify(seen))
  }

  #login({ body }: SeenRequest, response: ServerResponse): void {
    const { password } = JSON.parse(body)
    if (password !== this.password || this.loginStatus !== 200) {
      const status = this.loginStatus === 200 ? 403 : this.loginStatus
      return void response.writeHead(status).end('{"message":"wrong"}')
    }
    this.#logins++
    response.setHeader('Set-Cookie', ['other=1; Path=/', `session_key=key${this.#logins}; Path=/; HttpOnly`])
    response.end(JSON.stringify({ user_id: 42, public_name: 'Ada' }))
  }

  #stream({ headers }: SeenRequest, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(`retry: ${this.retryMs}\nevent: stream-open\ndata:\n\n`)
    const after = Number(headers['last-event-id'] ?? this.#nextId)
    for (const { id, text } of this.#kept) if (id > after) response.write(text)
    this.streams.push(response)
  }
}
