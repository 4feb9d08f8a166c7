// What channels say to one client within one turn of the event loop leaves in one message, so that what a list of signals
// publishes reaches each of its readers as one list. Leaves sending, and waiting for the reader, to the outbox.
import { setImmediate } from '../../core/base/platform-timers.ts'
import { textOfEntry } from './outbox.ts'

/** An entry that came, and from which room; undefined: from none. */
export interface GatheredEntry {
  readonly entry: object
  readonly room: string | undefined
  /** As JSON. */
  readonly text: string
}

/** More leaves at once, in several messages: a reader that is slow must be noticed. */
const maxGatheredLength = 1024 * 1024

export class GatheredEntries {
  /** A promise: the next ones wait for it. */
  readonly #send: (entries: readonly GatheredEntry[]) => Promise<void> | undefined
  #entries: GatheredEntry[] = []
  #length = 0
  #isScheduled = false
  #isHeld = false
  #sending: Promise<void> | undefined

  constructor(send: (entries: readonly GatheredEntry[]) => Promise<void> | undefined) {
    this.#send = send
  }

  /** It is held back for the client's own list. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** A promise: the next one from this room waits for it. Throws UnsendableError. */
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

  /** Sends what there is. */
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
   * What came until now leaves; then gives what comes until all that was written in this turn of the event loop has come, for
   * the caller to send.
   */
  async hold(): Promise<readonly GatheredEntry[]> {
    this.flush()
    this.#isHeld = true
    // What is published now is written at the end of this turn, and may be delivered in the next one.
    for (let turns = 0; turns < turnsOnTheWay; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
    this.#isHeld = false
    return this.#take()
  }

  #take(): readonly GatheredEntry[] {
    const entries = this.#entries
    this.#entries = []
    this.#length = 0
    return entries
  }
}

const turnsOnTheWay = 2
