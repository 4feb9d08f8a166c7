// The lexicons gateway of one web server: its upgrades, its hooks, and its shutdown.
import { settlesWithin } from '../../core/base/settles-within.ts'
import {
  type MountedGateway,
  type SocketRoute,
  type WebGateway,
  type WebHost,
  WebRefusal,
  type WebVisit,
} from '../../features/web/gateway.ts'
import {
  type LexiconsLogLine,
  type LexiconsOptions,
  type ResolvedLexiconsOptions,
  resolveLexiconsOptions,
} from './lexicons-options.ts'
import { LexiconsSocket } from './lexicons-socket.ts'
import { PublishingLists } from './publishing-lists.ts'

const protocol = 'lexicons'

/**
 * Serves clients that speak lexicons' JSON: `{"Name": {kwargs}}` runs the action of that name, channels send
 * `[{"Name": payload}]`. See docs/lexicons.md.
 *
 * @throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_CHANNEL`).
 * @example
 * await listenWeb(server, { port: 5000, gateways: [lexicons({ path: '/', headers: [Login], channels: [Public] })] })
 */
export function lexicons(options: LexiconsOptions = {}): WebGateway {
  const resolved = resolveLexiconsOptions(options)
  return { name: protocol, mount: (host) => new MountedLexicons(host, resolved) }
}

class MountedLexicons implements MountedGateway {
  readonly #host: WebHost
  readonly #options: ResolvedLexiconsOptions
  readonly #sockets = new Set<LexiconsSocket>()
  readonly #lists = new PublishingLists()
  readonly #started: Promise<void>
  #isClosing = false

  constructor(host: WebHost, options: ResolvedLexiconsOptions) {
    this.#host = host
    this.#options = options
    this.#started = this.#runHook('onStart', () => options.onStart?.(host.server))
    this.#log({ status: 'started' })
  }

  onUpgrade(visit: WebVisit, protocols: readonly string[]): SocketRoute | undefined {
    const { path, trust, maxMessageBytes } = this.#options
    const isNamed = protocols.includes(protocol)
    if (!isNamed && (protocols.length > 0 || visit.url.pathname !== path)) return undefined
    if (this.#isClosing) throw new WebRefusal(503, 'the server is shutting down')
    if (trust?.includes(visit.peer) === false) {
      this.#log({ status: 'refused', data: `${visit.peer.description} is not trusted` })
      throw new WebRefusal(403, 'this address is not trusted')
    }
    return {
      ...(isNamed ? { protocol } : {}),
      maxMessageBytes,
      onSocket: (socket) => {
        const { headers } = visit.request
        const client = new LexiconsSocket(socket, visit.peer, headers, {
          host: this.#host,
          options: this.#options,
          log: (line) => this.#log(line),
          lists: this.#lists,
        })
        this.#sockets.add(client)
        void client.gone.then(() => this.#sockets.delete(client))
        client.begin()
      },
    }
  }

  async close(graceMs: number): Promise<void> {
    const { clock, server } = this.#host
    this.#isClosing = true
    const endAtMs = clock.now() + graceMs
    await Promise.all([...this.#sockets].map((socket) => socket.finish(graceMs)))
    const ended = this.#started.then(() => this.#runHook('onShutdown', () => this.#options.onShutdown?.(server)))
    await settlesWithin(clock, ended, Math.max(0, endAtMs - clock.now()))
    this.#log({ status: 'shut down' })
  }

  async #runHook(name: string, run: () => unknown): Promise<void> {
    try {
      await run()
    } catch (error) {
      this.#host.log.error({ error }, `lexicons: ${name} failed`)
    }
  }

  /** An error of `onLog` must not break what the line reports. */
  #log(line: LexiconsLogLine): void {
    const { client, status, data } = line
    const fields = { ...(client === undefined ? {} : { peer: client.peer.description }), status }
    this.#host.log.debug(data instanceof Error ? { ...fields, error: data } : fields, 'lexicons')
    try {
      this.#options.onLog?.(line)
    } catch (error) {
      this.#host.log.error({ error }, 'lexicons: onLog failed')
    }
  }
}
