// One WebSocket of the Igor gateway: reads messages in their order, asks whether the peer is alive, and ends in one place.
import type { RawData, WebSocket } from 'ws'
import type { Clock } from '../../core/base/clock.ts'
import { AuthError } from '../../core/base/errors.ts'
import type { Limits } from '../../core/base/options.ts'
import { type ValueLimits, valueLimitsOf } from '../../core/wire/values/value-limits.ts'
import { SilenceWatch } from '../silence-watch.ts'
import { admissionCode, code, refusalText } from './answers.ts'
import type { IgorClient } from './igor-client.ts'
import { type Introductions, introduceAction } from './introduction.ts'
import { readMessage } from './message.ts'
import type { ClientSocket } from './outbox.ts'
import type { Roster } from './roster.ts'

export interface ConnectionOptions {
  readonly socket: WebSocket
  readonly client: IgorClient
  readonly roster: Roster
  readonly introductions: Introductions
  readonly clock: Clock
  readonly limits: Limits
  /** Asked after an introduction, which succeeded or not: false ends the connection, and nothing more of it is heard. */
  readonly mayStay?: ((client: IgorClient) => boolean) | undefined
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
  #mustGo = false
  readonly #silence: SilenceWatch
  readonly #valueLimits: ValueLimits

  constructor(options: ConnectionOptions) {
    const { socket, client, clock, limits } = options
    this.#options = options
    this.#valueLimits = valueLimitsOf(limits)
    this.#socket = socket
    this.#out = socket
    this.#client = client
    client.attach(this.#out)
    this.#silence = new SilenceWatch(socket, {
      clock,
      limits,
      takenCount: () => this.#client.outbox.sentCount,
      onDead: () => socket.terminate(),
    })
    socket.on('message', this.#onMessage).once('close', this.#onClose)
    this.#admit()
  }

  /** What was read before the connection was made. */
  receive(bytes: Buffer, isBinary: boolean): void {
    this.#onMessage(bytes, isBinary)
  }

  /** Lets a stranger introduce itself, for as long as a handshake may take. */
  #admit(): void {
    const { clock, limits, roster } = this.#options
    const client = this.#client
    const admitted = client.admit().then(() => roster.letIn(client))
    admitted.catch((error: Error) => {
      if (this.#socket.readyState === this.#socket.CLOSED) return
      const timer = clock.setTimer(() => {
        // Where there was no place for it, there may be one by now.
        if (this.#client.introduced !== undefined || this.#client.isLetIn) return roster.letIn(this.#client)
        this.#client.outbox.push(refusalText(error.message, admissionCode(error)))
        this.#socket.close(error instanceof AuthError ? 1008 : 1013, 'not let in')
      }, limits.handshakeTimeoutMs)
      this.#socket.once('close', () => timer.cancel())
    })
  }

  readonly #onMessage = (data: RawData, isBinary: boolean): void => {
    if (this.#mustGo) return
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
    const message = readMessage(bytes.toString('utf8'), this.#valueLimits)
    if (message.kind === 'wrong') {
      if (message.streamId === undefined) client.outbox.push(refusalText(message.error, code.bad))
      else client.refuse(message.streamId, message.error, code.bad)
    } else if (message.kind === 'close') client.cancel(message.streamId)
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
    this.#mustGo = this.#options.mayStay?.(client) === false
    this.#socket.resume()
    for (const bytes of this.#mustGo ? [] : held) {
      // One of them may be an introduction again, behind which the rest waits anew.
      if (this.#held === undefined) this.#act(bytes)
      else (this.#held as Buffer[]).push(bytes)
    }
  }

  readonly #onClose = (): void => {
    this.#silence.stop()
    // While it is introduced, its client is not known for certain.
    this.#options.roster.leave(this.#client, this.#out)
  }
}
