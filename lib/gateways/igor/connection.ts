// One WebSocket of the Igor gateway: handles its messages in order, and is closed in one place.
import type { WebSocket } from 'ws'
import type { Clock } from '../../core/base/clock.ts'
import type { Limits } from '../../core/base/options.ts'
import { type ValueLimits, valueLimitsOf } from '../../core/wire/values/value-limits.ts'
import { admissionRefusal } from '../admission.ts'
import { MessageQueue, type SocketMessage } from '../message-queue.ts'
import { SocketHeartbeat } from '../socket-heartbeat.ts'
import type { ClientSocket } from '../socket-queue.ts'
import { status } from '../status-codes.ts'
import { refusalText } from './answers.ts'
import type { ClientTable } from './client-table.ts'
import type { IgorClient } from './igor-client.ts'
import { type Introductions, introduceAction } from './introduce-self.ts'
import { readMessage } from './message.ts'

export interface ConnectionOptions {
  readonly socket: WebSocket
  readonly client: IgorClient
  readonly clients: ClientTable
  readonly introductions: Introductions
  readonly clock: Clock
  readonly limits: Limits
  /** Called after each introduction. False ends the connection, and its later messages are dropped. */
  readonly mayStay?: ((client: IgorClient) => boolean) | undefined
  /** True while the server drains. */
  readonly isClosing: () => boolean
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: WebSocket
  readonly #out: ClientSocket
  #client: IgorClient
  readonly #messages: MessageQueue
  readonly #heartbeat: SocketHeartbeat
  readonly #valueLimits: ValueLimits

  constructor(options: ConnectionOptions) {
    const { socket, client, clock, limits } = options
    this.#options = options
    this.#valueLimits = valueLimitsOf(limits)
    this.#socket = socket
    this.#out = socket
    this.#client = client
    client.attach(this.#out)
    this.#heartbeat = new SocketHeartbeat(socket, {
      clock,
      limits,
      takenCount: () => this.#client.outbox.sentCount,
      onDead: () => socket.terminate(),
    })
    this.#messages = new MessageQueue(socket, (message) => this.#handle(message), client.accounts.input)
    this.#messages.begin()
    socket.once('close', this.#onClose)
    this.#admit()
  }

  /** Handles a message that was read before this connection was created. */
  receive(message: SocketMessage): void {
    this.#messages.add(message)
  }

  /** A refused client may still introduce itself, for as long as a handshake may take. */
  #admit(): void {
    const { clock, limits, clients } = this.#options
    const client = this.#client
    const admitted = client.connect().then(() => clients.setAdmitted(client))
    admitted.catch((error: unknown) => {
      if (this.#socket.readyState === this.#socket.CLOSED) return
      const timer = clock.setTimer(() => {
        // The server may have admitted it in the meantime.
        if (this.#client.introduced !== undefined || this.#client.isAdmitted) return clients.setAdmitted(this.#client)
        const refusal = admissionRefusal(error)
        this.#client.outbox.push(refusalText(refusal.message, refusal.status))
        this.#socket.close(refusal.closeCode, 'not admitted')
      }, limits.handshakeTimeoutMs)
      this.#socket.once('close', () => timer.cancel())
    })
  }

  /**
   * Returns a promise while the client is being introduced: later messages are meant for the client that the connection then
   * represents.
   */
  #handle({ bytes, isBinary }: SocketMessage): Promise<void> | undefined {
    const client = this.#client
    // The client may have come back on another connection, or been dropped: then this connection represents no client.
    if (!client.isUsing(this.#out)) return undefined
    if (isBinary) {
      client.outbox.push(refusalText('binary messages are not accepted; send text', status.badRequest))
      return undefined
    }
    const message = readMessage(bytes.toString('utf8'), this.#valueLimits)
    if (message.kind === 'wrong') {
      if (message.streamId === undefined) client.outbox.push(refusalText(message.error, status.badRequest))
      else client.refuse(message.streamId, { message: message.error, status: status.badRequest })
    } else if (message.kind === 'close') client.cancel(message.streamId)
    else if (this.#options.isClosing())
      client.refuse(message.streamId, { message: 'the server is shutting down', status: status.busy })
    else if (message.action === introduceAction) return this.#introduce(message)
    else client.run(message.streamId, message.action, message.data, bytes.length)
    return undefined
  }

  async #introduce({ streamId, data }: { readonly streamId: string | number; readonly data: unknown }): Promise<void> {
    const introduction = { streamId, data, client: this.#client, socket: this.#out }
    const client = await this.#options.introductions.introduce(introduction)
    this.#client = client
    // The socket closed while only the former client was known.
    if (this.#socket.readyState === this.#socket.CLOSED) this.#options.clients.leave(client, this.#out)
    else if (this.#options.mayStay?.(client) === false) void this.#messages.finish()
  }

  readonly #onClose = (): void => {
    void this.#messages.finish()
    this.#heartbeat.stop()
    this.#options.clients.leave(this.#client, this.#out)
  }
}
