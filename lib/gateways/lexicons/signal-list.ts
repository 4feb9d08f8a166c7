// The replies and publications of one list of signals, kept until the last signal has run. Then everything is sent together,
// in the order of the signals, to each client in one message. Publications of a failed signal are dropped.
import type { BatchEntry } from './entry-batch.ts'

/** A message that an action publishes to a room. */
export interface Publication {
  /** The room's id, by `roomIdOf`. */
  readonly room: string
  /** The action's name, under which the payload is sent. */
  readonly name: string
  /** The approximate length of its message in characters. */
  readonly length: number
  publish(): Promise<void>
}

type Item = Reply | { readonly published: Publication }

export class SignalList {
  readonly #maxLength: number
  readonly #items: Item[] = []
  #length = 0
  /** Publications of the running signal. */
  #running: Publication[] = []
  /** Already sent. */
  readonly #out = new Set<Publication>()
  readonly #publishing: Promise<PromiseSettledResult<void>[]>[] = []

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** Something has been sent. */
  get isPublishing(): boolean {
    return this.#publishing.length > 0
  }

  /** Returns false if there is no room for more. Everything stored has then been sent, so that this may follow it. */
  add(publication: Publication): boolean {
    if (this.#length + publication.length <= this.#maxLength) {
      this.#length += publication.length
      this.#running.push(publication)
      return true
    }
    this.publish()
    this.#publish(this.#running)
    return false
  }

  /** The running signal has succeeded. */
  settle(): void {
    for (const published of this.#running) this.#items.push({ published })
    this.#running = []
  }

  /** The reply to its client. */
  reply(reply: object): void {
    this.#items.push({ reply })
  }

  /** The signal has failed: drops what it published. */
  fail(): void {
    for (const each of this.#running) if (!this.#out.has(each)) this.#length -= each.length
    this.#running = []
  }

  /** Publishes what was stored, in this turn of the event loop. Returns false if there was nothing. */
  publish(): boolean {
    return this.#publish(this.#items.flatMap((item) => ('published' in item ? [item.published] : [])))
  }

  /** The errors of publications. */
  async faults(): Promise<unknown[]> {
    const settled = (await Promise.all(this.#publishing.splice(0))).flat()
    return settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
  }

  /**
   * Orders what a client received from its channels by the signals; messages of one room keep their order. With
   * the replies of the list, for its own client.
   */
  arrange<Entry extends BatchEntry>(arrived: readonly Entry[], replies: 'with replies' | 'without'): (Entry | Reply)[] {
    // By room, in reverse order.
    const rooms = new Map<string | undefined, Entry[]>()
    const left = new Map<string, number>()
    for (let at = arrived.length - 1; at >= 0; at--) {
      const each = arrived[at] as Entry
      const waiting = rooms.get(each.room)
      if (waiting === undefined) rooms.set(each.room, [each])
      else waiting.push(each)
      count(left, idOf(each), 1)
    }
    const arranged: (Entry | Reply)[] = []
    const taken = new Set<Entry>()
    for (const item of this.#items) {
      if ('reply' in item) {
        if (replies === 'with replies') arranged.push(item)
        continue
      }
      const { room, name } = item.published
      const id = `${room} ${name}`
      // The client is not in the room, or receives the message later.
      if ((left.get(id) ?? 0) === 0) continue
      for (let isFound = false; !isFound; ) {
        const each = rooms.get(room)?.pop() as Entry
        arranged.push(each)
        taken.add(each)
        isFound = idOf(each) === id
        count(left, idOf(each), -1)
      }
    }
    return [...arranged, ...arrived.filter((each) => !taken.has(each))]
  }

  #publish(publications: readonly Publication[]): boolean {
    const waiting = publications.filter((each) => !this.#out.has(each))
    for (const each of waiting) {
      this.#out.add(each)
      this.#length -= each.length
    }
    if (waiting.length > 0) this.#publishing.push(Promise.allSettled(waiting.map((each) => each.publish())))
    return waiting.length > 0
  }
}

/** The entry that answers a signal. */
export interface Reply {
  readonly reply: object
}

function idOf({ room, entry }: BatchEntry): string {
  return `${room} ${Object.keys(entry)[0]}`
}

function count(counts: Map<string, number>, id: string, by: number): void {
  counts.set(id, (counts.get(id) ?? 0) + by)
}
