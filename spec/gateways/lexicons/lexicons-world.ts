// A server with a lexicons gateway, and clients made of nothing but a WebSocket: what the document of lexicons says of
// the wire, and no code of ours. All closed by `close`.

import { Action, Channel, type ChannelSession, Client, type Context, Guard, Server, type ServerOptions } from 'isock'
import { type LexiconsOptions, lexicons, type Named, reply, respond } from 'isock/lexicons'
import { WebSocket } from 'ws'
import { ActionError } from '../../../lib/core/base/errors.ts'
import { listenWeb } from '../../../lib/web.ts'
import { waitFor } from '../../setup/wait-for.ts'

export class Public extends Channel<Named<Record<string, unknown>>> {
  static readonly named = true
}

/** Its messages have no names of their own. */
export class News extends Channel<{ readonly title: string }> {
  static override history = { size: 10 }

  override canPublish(): boolean {
    return true
  }
}

export class Secret extends Channel<string> {
  override canSubscribe(session: ChannelSession): boolean {
    return session.identity?.id === 'ada'
  }
}

export class CreateChatMessage extends Action {
  override action({ content, ...others }: { readonly content: string }, context: Context): Promise<object> {
    return respond(context, { author: context.session.identity?.id ?? 'nobody', content, ...others }, [Public])
  }
}

export class Count extends Action {
  override action({ text }: { readonly text: string }, context: Context): number {
    return reply(context, text.length)
  }
}

/** Has a result, and tells nobody. */
export class Quiet extends Action {
  override action(): string {
    return 'a result that nobody asked for'
  }
}

export class Fail extends Action {
  override action({ why }: { readonly why: string }): never {
    throw new ActionError(why)
  }
}

interface Credentials {
  readonly email: string
  readonly password: string
}

export class Login extends Guard<Credentials> {
  override check(credential: Credentials | undefined) {
    return credential?.password === 'analytical' ? { id: credential.email } : false
  }
}

/** An entry as it came. */
// biome-ignore lint/suspicious/noExplicitAny: what the wire has, for a spec to look into
export type Entry = Record<string, any>

/** A client without any library but a WebSocket. */
export class RawClient {
  readonly socket: WebSocket
  /** The lists that came. */
  readonly messages: Entry[][] = []
  readonly opened: Promise<void>
  closeCode: number | undefined
  status: number | undefined

  /** `from`: its own IP address, of this machine. */
  constructor(url: string, headers: Record<string, string> = {}, protocol?: string, from?: string) {
    const options = from === undefined ? { headers } : { headers, localAddress: from }
    this.socket = new WebSocket(url, protocol === undefined ? [] : [protocol], options)
    this.socket.on('error', () => undefined)
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))))
    this.socket.on('unexpected-response', (request, { statusCode }) => {
      this.status = statusCode
      request.destroy()
    })
    this.socket.on('close', (code) => {
      this.closeCode = code
    })
    this.opened = new Promise((resolve) => this.socket.once('open', () => resolve()))
  }

  /** All that came, as one list. */
  get entries(): Entry[] {
    return this.messages.flat()
  }

  /** The texts of all Errors. */
  get errors(): string[] {
    return this.entries.flatMap((entry) => entry['Errors'] ?? [])
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** What came under this name, so far. */
  named(name: string): unknown[] {
    return this.entries.flatMap((entry) => (name in entry ? [entry[name]] : []))
  }

  async waitForEntries(count: number): Promise<Entry[]> {
    await waitFor(() => this.entries.length >= count, { timeoutMs: 8_000, what: `${count} entries` })
    return this.entries
  }

  async subscribe(channel: string, more: object = {}): Promise<void> {
    const before = this.named('Subscribe').length
    this.send({ Subscribe: { channel, ...more } })
    await waitFor(() => this.named('Subscribe').length > before || this.errors.length > 0, { timeoutMs: 8_000 })
  }

  waitForClose(who = 'the client'): Promise<number> {
    return waitFor(() => this.closeCode, { timeoutMs: 8_000, what: `the socket of ${who} to close` })
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return
    this.socket.terminate()
    await waitFor(() => this.socket.readyState === WebSocket.CLOSED, { timeoutMs: 8_000 })
  }
}

export class LexiconsWorld {
  #server: Server | undefined
  #url = ''
  #closeWeb: (graceMs: number) => Promise<void> = async () => undefined
  readonly #closers: (() => Promise<unknown>)[] = []

  get server(): Server {
    if (this.#server === undefined) throw new Error('the world has not been begun')
    return this.#server
  }

  /** As in 'ws://127.0.0.1:8080'. */
  get url(): string {
    return this.#url
  }

  async begin(options: LexiconsOptions = {}, serverOptions: ServerOptions = {}): Promise<this> {
    const server = new Server({ port: 0, ...serverOptions })
    this.#server = server
    this.#closers.push(() => server.shutdown({ graceMs: 1_000 }))
    server.addChannel(new Public()).addChannel(new News()).addChannel(new Secret())
    for (const action of [new CreateChatMessage(), new Count(), new Quiet(), new Fail()]) server.addAction(action)
    await server.listen()
    const gateway = lexicons({ channels: [Public, News, Secret], headers: [Login], ...options })
    const web = await listenWeb(server, { port: 0, gateways: [gateway] })
    this.#url = web.url.replace('http', 'ws')
    this.#closeWeb = (graceMs) => web.close(graceMs)
    return this
  }

  /** Connects a client, and waits until it is open. */
  async client(headers: Record<string, string> = {}, path = '/lexicons'): Promise<RawClient> {
    const client = this.strange(headers, path)
    await client.opened
    return client
  }

  /** One that may not get in. */
  strange(headers: Record<string, string> = {}, path = '/lexicons', protocol?: string): RawClient {
    const client = new RawClient(this.#url + path, headers, protocol)
    this.#closers.push(() => client.close())
    return client
  }

  /** A client of isock's own. */
  native(options: ConstructorParameters<typeof Client>[1] = {}): Client {
    const client = new Client(this.server.addresses[0] as string, options as object)
    this.#closers.push(() => client.close())
    return client
  }

  /** Ends the web port alone; the server goes on. */
  closeWeb(graceMs: number): Promise<void> {
    return this.#closeWeb(graceMs)
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}
