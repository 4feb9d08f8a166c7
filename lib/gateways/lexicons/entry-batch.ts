// Collects what channels send to one client within one turn of the event loop, so that the messages of a list of signals
// reach each reader as one list. Leaves sending, and waiting for the reader, to the socket's queue.
import { setImmediate } from '../../core/base/platform-timers.ts'
import { type JsonValue, toJsonText } from '../json-values.ts'

/** An entry, and the room that it came from; undefined: none. */
export interface BatchEntry {
  readonly entry: object
  readonly room: string | undefined
  /** As JSON. */
  readonly text: string
}

/** More is sent immediately, in several messages, so that a slow reader is detected. */
const maxGatheredLength = 1024 * 1024

export class EntryBatch {
  /** Returns a promise if the next entries must wait. */
  readonly #send: (entries: readonly BatchEntry[]) => Promise<void> | undefined
  #entries: BatchEntry[] = []
  #length = 0
  #isScheduled = false
  #isHeld = false
  #sending: Promise<void> | undefined

  constructor(send: (entries: readonly BatchEntry[]) => Promise<void> | undefined) {
    this.#send = send
  }

  /** Entries are held back for the client's own list. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Returns a promise if the next entry from this room has to wait. Throws UnsendableError. */
  add(entry: object, room?: string): Promise<void> | undefined {
    const text = textOfEntry(entry)
    if (this.#length + text.length > maxGatheredLength) this.flush()
    this.#entries.push({ entry, room, text })
    this.#length += text.length
    if (!this.#isScheduled && !this.#isHeld) {
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        if (!this.#isHeld) this.flush()
      })
    }
    return this.#sending
  }

  /** Sends what was collected. */
  flush(): void {
    if (this.#entries.length === 0) return
    const sending = this.#send(this.#take())
    if (sending === undefined) return
    this.#sending = sending
    void sending.then(() => {
      if (this.#sending === sending) this.#sending = undefined
    })
  }

  /**
   * Sends what was collected, then returns what arrives until everything published in this turn of the event loop has
   * arrived.
   */
  async hold(): Promise<readonly BatchEntry[]> {
    this.flush()
    this.#isHeld = true
    // What is published now is written at the end of this turn, and may be delivered in the next one.
    for (let turns = 0; turns < turnsOnTheWay; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
    this.#isHeld = false
    return this.#take()
  }

  #take(): readonly BatchEntry[] {
    const entries = this.#entries
    this.#entries = []
    this.#length = 0
    return entries
  }
}

const turnsOnTheWay = 2

/** Throws UnsendableError. */
export function textOfEntry(entry: object): string {
  return toJsonText(withNull(entry), 'payload')
}

/** `{ Name: undefined }` would be `{}`, which names nothing. */
function withNull(entry: object): object {
  return Object.fromEntries(
    Object.entries(entry).map(([name, payload]): [string, JsonValue] => [name, payload ?? null]),
  )
}
