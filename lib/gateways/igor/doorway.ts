// Connections that came when no place was free. One of them may be of a client that is known, whose place is kept: its
// first message says so. Until then nothing is made for a connection here, and of the address with most of them the one
// that waits longest makes room for others.
import type { RawData, WebSocket } from 'ws'
import { addressKey } from '../../core/accounting/owner.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { closeText, code, refusalText } from './answers.ts'
import { firstOfMost } from './holdings.ts'
import { type Message, readMessage } from './message.ts'

export interface DoorwayOptions {
  readonly clock: Clock
  /** How long a connection may take to come in. */
  readonly limitMs: number
  /** What is said to those that do not come in. */
  readonly reason: string
}

/** A connection that is to say something. */
export interface Arrival {
  readonly socket: WebSocket
  /** IP; addresses of one network count as one. */
  readonly address: string | undefined
  /** Whether this first message lets it in. */
  readonly mayEnter: (first: Message) => boolean
  /** It comes in; the doorway keeps it until it is told to let go of it, or to turn it away. */
  readonly enter: (first: Buffer, isBinary: boolean) => void
}

/** More than who come back say nothing for a moment, and little enough: a socket and a timer each. */
const maxWaiting = 256
/** From asking a connection to close to ending it. */
const farewellMs = 1_000

export class Doorway {
  readonly #options: DoorwayOptions
  /** Whoever waits longest comes first. */
  readonly #waiting = new Map<WebSocket, { readonly timer: Timer; readonly holder: string }>()

  constructor(options: DoorwayOptions) {
    this.#options = options
  }

  receive({ socket, address, mayEnter, enter }: Arrival): void {
    const { clock, limitMs } = this.#options
    const timer = clock.setTimer(() => this.turnAway(socket), limitMs)
    this.#waiting.set(socket, { timer, holder: addressKey(address) })
    socket.once('close', () => this.letGo(socket))
    socket.once('message', (data: RawData, isBinary: boolean) => {
      if (!this.#waiting.has(socket)) return
      const bytes = data as Buffer // as ws gives it by default
      const first: Message = isBinary ? { kind: 'wrong', error: 'binary' } : readMessage(bytes.toString('utf8'))
      if (mayEnter(first)) enter(bytes, isBinary)
      else this.turnAway(socket, first.streamId)
    })
    if (this.#waiting.size <= maxWaiting) return
    const [longest] = firstOfMost(this.#waiting, ([, { holder }]) => holder) as [WebSocket, unknown]
    this.turnAway(longest)
  }

  /** It has its place, or has gone. */
  letGo(socket: WebSocket): void {
    this.#waiting.get(socket)?.timer.cancel()
    this.#waiting.delete(socket)
  }

  /** Tells it why, and ends it. Does nothing for one that was let go. */
  turnAway(socket: WebSocket, streamId?: Message['streamId']): void {
    if (!this.#waiting.has(socket)) return
    this.letGo(socket)
    const { clock, reason } = this.#options
    socket.send(refusalText(reason, code.busy, streamId), () => undefined)
    if (streamId !== undefined) socket.send(closeText(streamId), () => undefined)
    socket.close(1013, 'no place is free')
    const timer = clock.setTimer(() => socket.terminate(), farewellMs)
    socket.once('close', () => timer.cancel())
  }
}
