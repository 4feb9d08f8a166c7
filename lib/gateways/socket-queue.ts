// The queue of messages to one client, in order, whether it is connected or away. Keeps messages while the client is away,
// makes senders wait while it reads slowly, and reports a client that reads too slowly or for which too much waits.
import type { Meter } from '../core/accounting/meter.ts'
import type { Clock, Timer } from '../core/base/clock.ts'
import { type Deferred, deferred } from '../core/base/deferred.ts'
import { setImmediate } from '../core/base/platform-timers.ts'
import { Queue } from '../core/base/queue.ts'
import { ReaderWatch } from '../features/web/least-rate.ts'

/** The part of a WebSocket that is needed. */
export interface OutSocket {
  /** Calls `sent` when the bytes have left, or never will. */
  send(bytes: Buffer, options: { readonly binary: boolean }, sent: () => void): void
}

/** The socket of a connected client. */
export interface ClientSocket extends OutSocket {
  close(code: number, reason: string): void
  terminate(): void
}

export interface SocketQueueOptions {
  readonly clock: Clock
  /** Senders wait while this many bytes are queued. */
  readonly roomBytes: number
  /** Bytes that may be queued; each message counts for 512 more. A single message may be larger. */
  readonly maxBytes: number
  /** How long the client may read nothing, plus a second for each 16 KB that wait. */
  readonly stallMs: number
  /** Sends binary messages. Default false. */
  readonly isBinary?: boolean
  /** Counts the queue, for the client's account. */
  readonly held?: Meter
  /** Called once when too much is queued. The queue is then empty, and stays so. */
  readonly onOverflow: (reason: string) => void
  /** Called when the client reads too slowly. */
  readonly onStalled: (reason: string) => void
}

interface Sender {
  readonly make: () => string | undefined
  readonly pushed: Deferred<void>
}

/** The measured cost of a message besides its bytes: without it, many small messages would take ten times the limit. */
const messageCostBytes = 512

/** After this many messages other work gets a turn: streams over in-memory links do not pause otherwise. */
const messagesPerTurn = 64

/** How long senders rest whose messages are dropped: with the room of 256 KiB, they make some 10 MB a second. */
const restMs = 25

export class SocketQueue {
  readonly #options: SocketQueueOptions
  readonly #reader: ReaderWatch
  #socket: OutSocket | undefined
  /** While the client is away. */
  readonly #kept = new Queue<Buffer>()
  readonly #senders = new Queue<Sender>()
  #bytes = 0
  #turnCount = 0
  #sentCount = 0
  #isDiscarding = false
  /** What was dropped since nobody reads any more, although senders run on; undefined: somebody reads, or may come back. */
  #droppedBytes: number | undefined
  #rest: Timer | undefined

  constructor(options: SocketQueueOptions) {
    this.#options = options
    this.#reader = new ReaderWatch(options.clock, options.stallMs, () => options.onStalled('it reads next to nothing'))
  }

  /** The number of messages sent. Grows while the client reads. */
  get sentCount(): number {
    return this.#sentCount
  }

  /** The bytes not sent yet, including the cost of each message. */
  get waitingBytes(): number {
    return this.#bytes
  }

  /** Whether senders need not wait. */
  get hasRoom(): boolean {
    return this.#isDiscarding || (this.#droppedBytes ?? this.#bytes) < this.#options.roomBytes
  }

  /** Sends through this socket from now on: first `greeting`, then the stored messages. */
  attach(socket: OutSocket, greeting: readonly string[] = []): void {
    if (this.#socket !== undefined) this.detach()
    this.#socket = socket
    const kept = this.#kept.takeAll()
    this.#clearCount()
    for (const text of greeting) this.push(text)
    for (const bytes of kept) this.#push(bytes)
    this.#resumeSenders()
  }

  /** Called when the socket is gone, with the messages being sent. Later messages are stored. */
  detach(): void {
    this.#socket = undefined
    this.#clearCount()
    this.#resumeSenders()
  }

  /**
   * Called when the client will not come back, while what runs for it may finish: drops everything. Senders rest whenever as much was
   * dropped as there is room for: a stream without an end would otherwise run as fast as it can.
   */
  abandon(): void {
    this.#droppedBytes = 0
    this.#kept.takeAll()
    this.detach()
  }

  /** Called when the client will read nothing more, and nothing runs for it: drops everything. Senders do not wait any more. */
  discard(): void {
    this.#isDiscarding = true
    this.#rest?.cancel()
    this.#kept.takeAll()
    this.detach()
  }

  /** Sends the text now, or stores it. */
  push(text: string): void {
    if (!this.#isDiscarding) this.#push(Buffer.from(text))
  }

  /** Sends once there is room, in the order of the calls. Rejects with an error of `make`. */
  pushWhenRoom(make: () => string | undefined): Promise<void> {
    if (this.#senders.length > 0 || !this.hasRoom) {
      const pushed = deferred<void>()
      this.#senders.add({ make, pushed })
      return pushed.promise
    }
    try {
      this.#pushMade(make)
    } catch (error) {
      return Promise.reject(error)
    }
    return ++this.#turnCount % messagesPerTurn === 0 ? nextTurn() : Promise.resolve()
  }

  /** Settles when there is room. */
  room(): Promise<void> {
    return this.pushWhenRoom(() => undefined)
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#options.held?.change(bytes)
  }

  #clearCount(): void {
    this.#count(-this.#bytes)
    this.#reader.stop()
  }

  #pushMade(make: () => string | undefined): void {
    if (this.#isDiscarding) return
    const text = make()
    if (text !== undefined) this.push(text)
  }

  #push(bytes: Buffer): void {
    const { maxBytes, isBinary = false, onOverflow } = this.#options
    const cost = bytes.length + messageCostBytes
    if (this.#droppedBytes !== undefined) return this.#drop(cost)
    if (this.#bytes > 0 && this.#bytes + cost > maxBytes) {
      this.discard()
      return onOverflow(`more than ${maxBytes} bytes are queued for it`)
    }
    this.#count(cost)
    const socket = this.#socket
    if (socket === undefined) return void this.#kept.add(bytes)
    this.#reader.add(cost)
    socket.send(bytes, { binary: isBinary }, () => this.#onSent(socket, cost))
  }

  #drop(cost: number): void {
    this.#droppedBytes = (this.#droppedBytes ?? 0) + cost
    if (this.hasRoom || this.#rest !== undefined) return
    this.#rest = this.#options.clock.setTimer(() => {
      this.#rest = undefined
      this.#droppedBytes = 0
      this.#resumeSenders()
    }, restMs)
  }

  #onSent(socket: OutSocket, cost: number): void {
    // The bytes of a former socket are no longer counted.
    if (socket !== this.#socket) return
    this.#sentCount++
    this.#reader.remove(cost)
    this.#count(-cost)
    this.#resumeSenders()
  }

  #resumeSenders(): void {
    while (this.hasRoom) {
      const sender = this.#senders.take()
      if (sender === undefined) return
      try {
        this.#pushMade(sender.make)
        sender.pushed.resolve()
      } catch (error) {
        sender.pushed.reject(error)
      }
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
