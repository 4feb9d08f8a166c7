// Connections that arrived when no place was free. One of them may be a known client, whose place is kept: its first message
// proves it. Until then the gateway creates nothing for a connection. When there are too many, the longest waiting one of
// the address with the most is rejected.
import type { RawData, WebSocket } from 'ws'
import { addressKey } from '../../core/accounting/owner.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { closeSocket } from '../../features/web/close-socket.ts'
import type { SocketMessage } from '../message-queue.ts'
import { status } from '../status-codes.ts'
import { closeText, refusalText } from './answers.ts'
import { oldestOfLargest } from './client-accounts.ts'
import { type Message, readMessage } from './message.ts'

export interface PendingConnectionsOptions {
  readonly clock: Clock
  /** How long a connection may wait. */
  readonly limitMs: number
  /** The message to rejected connections. */
  readonly reason: string
}

/** A connection that is decided by its first message. */
export interface PendingConnection {
  readonly socket: WebSocket
  /** An IP address. Addresses of one network count as one. */
  readonly address: string | undefined
  /** Whether this first message admits the connection. */
  readonly mayConnect: (first: Message) => boolean
  /** Called when it is admitted. The connection stays in the table until it is released or rejected. */
  readonly connect: (first: SocketMessage) => void
}

/** Enough for returning clients, and cheap: a socket and a timer each. */
const maxWaiting = 256

export class PendingConnections {
  readonly #options: PendingConnectionsOptions
  /** The longest waiting one first. */
  readonly #waiting = new Map<WebSocket, { readonly timer: Timer; readonly holder: string }>()

  constructor(options: PendingConnectionsOptions) {
    this.#options = options
  }

  add({ socket, address, mayConnect, connect }: PendingConnection): void {
    const { clock, limitMs } = this.#options
    const timer = clock.setTimer(() => this.reject(socket), limitMs)
    this.#waiting.set(socket, { timer, holder: addressKey(address) })
    socket.once('close', () => this.release(socket))
    socket.once('message', (data: RawData, isBinary: boolean) => {
      if (!this.#waiting.has(socket)) return
      const bytes = data as Buffer // ws's default
      const first: Message = isBinary ? { kind: 'wrong', error: 'binary' } : readMessage(bytes.toString('utf8'))
      if (mayConnect(first)) connect({ bytes, isBinary })
      else this.reject(socket, first.streamId)
    })
    if (this.#waiting.size <= maxWaiting) return
    const [longest] = oldestOfLargest(this.#waiting, ([, { holder }]) => holder) as [WebSocket, unknown]
    this.reject(longest)
  }

  /** Called when the connection has its place, or has gone. */
  release(socket: WebSocket): void {
    this.#waiting.get(socket)?.timer.cancel()
    this.#waiting.delete(socket)
  }

  /** Tells the client why, and closes. No-op for a connection that was released. */
  reject(socket: WebSocket, streamId?: Message['streamId']): void {
    if (!this.#waiting.has(socket)) return
    this.release(socket)
    const { clock, reason } = this.#options
    socket.send(refusalText(reason, status.busy, streamId), () => undefined)
    if (streamId !== undefined) socket.send(closeText(streamId), () => undefined)
    void closeSocket(socket, clock, 1013, 'no place is free')
  }
}
