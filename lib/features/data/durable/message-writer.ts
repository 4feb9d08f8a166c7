// Writes messages of durable channels that belong to no transaction: those of one turn, and those that come while a write runs, in one
// commit. A commit whose answer was lost is looked for before it is written again.
import { randomBytes } from 'node:crypto'
import { BusyError, IsockError, OutcomeUnknownError } from '../../../core/base/errors.ts'
import { nextTurn } from '../../../core/base/platform-timers.ts'
import type { LoggedMessage, OutgoingMessage } from '../../../core/server/message-logs.ts'
import { payloadSize } from '../../../core/wire/bytes/payload.ts'
import type { DurableStore } from './durable-store.ts'
import type { RoomRows } from './room-rows.ts'

/** Messages of one commit. */
const mostAtOnce = 512
const mostBytesAtOnce = 4 * 1024 * 1024
/** Messages that wait for one. */
const mostWaiting = 10_000
const mostBytesWaiting = 32 * 1024 * 1024

interface Waiting {
  readonly message: OutgoingMessage
  readonly bytes: number
  resolve(offset: number): void
  reject(error: unknown): void
}

export class MessageWriter {
  readonly #store: DurableStore
  readonly #rows: RoomRows
  readonly #onWritten: (messages: readonly LoggedMessage[]) => void
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #running: Promise<void> | undefined

  constructor(store: DurableStore, rows: RoomRows, onWritten: (messages: readonly LoggedMessage[]) => void) {
    this.#store = store
    this.#rows = rows
    this.#onWritten = onWritten
  }

  /** Settles when it is committed, with its number. Rejects as not started, or as unknown. */
  append(message: OutgoingMessage): Promise<number> {
    const bytes = payloadSize(message.item)
    if (this.#waiting.length >= mostWaiting || this.#waitingBytes + bytes > mostBytesWaiting)
      return Promise.reject(new BusyError('too many messages wait to be written to the store; publish this one later'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, bytes, resolve, reject })
      this.#waitingBytes += bytes
      this.#running ??= this.#run()
    })
  }

  /** Settles when nothing waits. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // What else this turn publishes joins it.
    await new Promise<void>((resolve) => nextTurn(resolve))
    while (this.#waiting.length > 0) await this.#write(this.#take())
    this.#running = undefined
  }

  #take(): Waiting[] {
    let count = 0
    for (let bytes = 0; count < Math.min(this.#waiting.length, mostAtOnce); count++) {
      bytes += this.#waiting[count]?.bytes ?? 0
      if (count > 0 && bytes > mostBytesAtOnce) break
    }
    const taken = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    for (const { bytes } of taken) this.#waitingBytes -= bytes
    return taken
  }

  async #write(taken: readonly Waiting[]): Promise<void> {
    const messages = taken.map(({ message }) => message)
    // One for each attempt, so that what this one writes is not taken for a former one's. Each of them may be committed.
    const attempts: string[] = []
    try {
      const written = await this.#store.transaction(async (run) => {
        const batch = randomBytes(9).toString('base64url')
        // This locks the rooms: a former attempt that is still open ends first.
        const rows = await this.#rows.write(run, messages, batch)
        for (const former of attempts) {
          const found = await this.#rows.found(run, messages, former)
          if (found !== undefined) throw new Found(found)
        }
        attempts.push(batch)
        return rows
      })
      this.#done(written, taken)
    } catch (error) {
      if (error instanceof Found) return this.#done(error.messages, taken)
      for (const { reject } of taken) reject(this.#asSeen(error, attempts.length > 0))
    }
  }

  #done(written: readonly LoggedMessage[], taken: readonly Waiting[]): void {
    const offsets = new Map<string, number[]>()
    for (const { channel, key, offset } of written) {
      const room = `${channel}\0${key}`
      const own = offsets.get(room)
      if (own === undefined) offsets.set(room, [offset])
      else own.push(offset)
    }
    this.#onWritten(written)
    for (const { message, resolve } of taken)
      resolve(offsets.get(`${message.channel}\0${message.key}`)?.shift() as number)
  }

  #asSeen(error: unknown, mayBeCommitted: boolean): unknown {
    const reason = error instanceof IsockError ? error.message : 'see the log of the server'
    if (mayBeCommitted)
      return new OutcomeUnknownError(
        `it is unknown whether the message was published: the store has not answered (${reason})`,
      )
    return new BusyError(`the message was not published: the store cannot write it now (${reason})`)
  }
}

/** An earlier attempt was committed; this one is undone. */
class Found extends Error {
  readonly messages: readonly LoggedMessage[]

  constructor(messages: readonly LoggedMessage[]) {
    super('found')
    this.messages = messages
  }
}
