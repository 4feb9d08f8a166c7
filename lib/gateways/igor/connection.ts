// One WebSocket of the Igor gateway: reads messages in their order, asks whether the peer is alive, and ends in one place.
import type { RawData, WebSocket } from 'ws'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Limits } from '../../base/options.ts'
import { code, refusalText } from './answers.ts'
import type { ClientSocket, IgorClient } from './igor-client.ts'
import { type Introductions, introduceAction } from './introduction.ts'
import { readMessage } from './message.ts'
import type { Roster } from './roster.ts'

export interface ConnectionOptions {
  readonly socket: WebSocket
  readonly client: IgorClient
  readonly roster: Roster
  readonly introductions: Introductions
  readonly clock: Clock
  readonly limits: Limits
  /** True while the server drains. */
  readonly isClosing: () => boolean
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: WebSocket
  readonly #out: ClientSocket
  #client: IgorClient
  /** Messages that came while the client is being introduced: they are meant for whom it then is. */
  #held: Buffer[] | undefined
  #timer: Timer | undefined
  #lastSignAtMs: number
  #sentCount = 0

  constructor(options: ConnectionOptions) {
    const { socket, client, clock } = options
    this.#options = options
    this.#socket = socket
    this.#out = socket
    this.#client = client
    this.#lastSignAtMs = clock.now()
    client.attach(this.#out)
    socket.on('message', this.#onMessage).on('pong', this.#onSign).on('ping', this.#onSign).once('close', this.#onClose)
    this.#watch()
    this.#admit()
  }

  /** Lets a stranger introduce itself, for as long as a handshake may take. */
  #admit(): void {
    const { clock, limits } = this.#options
    this.#client.admit().catch((error: Error) => {
      const timer = clock.setTimer(() => {
        if (this.#client.introduced !== undefined) return
        this.#client.outbox.push(refusalText(error.message, code.stranger))
        this.#socket.close(1008, 'not let in')
      }, limits.handshakeTimeoutMs)
      this.#socket.once('close', () => timer.cancel())
    })
  }

  readonly #onMessage = (data: RawData, isBinary: boolean): void => {
    this.#lastSignAtMs = this.#options.clock.now()
    if (isBinary) {
      if (this.#client.speaksThrough(this.#out))
        this.#client.outbox.push(refusalText('messages are texts; this one was binary', code.bad))
      return
    }
    const bytes = data as Buffer // as ws gives it by default
    if (this.#held === undefined) this.#act(bytes)
    else this.#held.push(bytes)
  }

  #act(bytes: Buffer): void {
    const client = this.#client
    // The client may have come back on another connection, or was dropped: this one speaks for nobody any more.
    if (!client.speaksThrough(this.#out)) return
    const message = readMessage(bytes.toString('utf8'))
    if (message.kind === 'wrong') client.outbox.push(refusalText(message.error, code.bad, message.streamId))
    else if (message.kind === 'close') client.cancel(message.streamId)
    else if (this.#options.isClosing()) client.refuse(message.streamId, 'the server is shutting down', code.busy)
    else if (message.action === introduceAction) void this.#introduce(message)
    else client.run(message.streamId, message.action, message.data, bytes.length)
  }

  async #introduce({ streamId, data }: { readonly streamId: string | number; readonly data: unknown }): Promise<void> {
    this.#held = []
    // What was read already may still come; it is held, and is at most what the socket had buffered.
    this.#socket.pause()
    const introduction = { streamId, data, client: this.#client, socket: this.#out }
    const client = await this.#options.introductions.introduce(introduction)
    const held = this.#held
    this.#held = undefined
    this.#client = client
    if (this.#socket.readyState === this.#socket.CLOSED) {
      // It closed meanwhile, and its end was told of the former client.
      this.#options.roster.leave(client, this.#out)
      return
    }
    this.#socket.resume()
    for (const bytes of held) {
      // One of them may be an introduction again, behind which the rest waits anew.
      if (this.#held === undefined) this.#act(bytes)
      else (this.#held as Buffer[]).push(bytes)
    }
  }

  readonly #onClose = (): void => {
    this.#timer?.cancel()
    // While it is introduced, its client is not known for certain.
    this.#options.roster.leave(this.#client, this.#out)
  }

  readonly #onSign = (): void => {
    this.#lastSignAtMs = this.#options.clock.now()
  }

  /** Asks after silence, and ends a connection that is dead or does not read. */
  #watch(): void {
    const { clock, limits } = this.#options
    this.#timer = clock.setTimer(() => {
      const { sentCount } = this.#client.outbox
      if (sentCount !== this.#sentCount) this.#onSign()
      this.#sentCount = sentCount
      const silentMs = clock.now() - this.#lastSignAtMs
      if (silentMs >= limits.deadAfterMs) this.#socket.terminate()
      else {
        if (silentMs >= limits.heartbeatMs) this.#socket.ping()
        this.#watch()
      }
    }, limits.heartbeatMs)
  }
}
