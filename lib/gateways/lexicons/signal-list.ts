// What the signals of one list answer and publish, kept until the last one has run: then all of it goes out together, in
// the order of the signals, to each client in one message. What a signal that failed had published goes to nobody.
import type { GatheredEntry } from './gathered-entries.ts'

/** What an action publishes in a room. */
export interface Publication {
  /** As memberships call it. */
  readonly room: string
  /** The action's name, under which its payload goes out. */
  readonly name: string
  /** About how many characters its message has. */
  readonly length: number
  publish(): Promise<void>
}

type Item = Reply | { readonly published: Publication }

export class SignalList {
  readonly #maxLength: number
  readonly #items: Item[] = []
  #length = 0
  /** Of the signal that runs. */
  #running: Publication[] = []
  /** Have gone out already. */
  readonly #out = new Set<Publication>()
  readonly #publishing: Promise<PromiseSettledResult<void>[]>[] = []

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** Something has gone out. */
  get isPublishing(): boolean {
    return this.#publishing.length > 0
  }

  /** False: there is no room for more, and what there was has gone out, so that this may follow it. */
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

  /** The signal that ran has succeeded. */
  settle(): void {
    for (const published of this.#running) this.#items.push({ published })
    this.#running = []
  }

  /** Its client is answered this. */
  reply(reply: object): void {
    this.#items.push({ reply })
  }

  /** It has failed: what it published does not count. */
  fail(): void {
    for (const each of this.#running) if (!this.#out.has(each)) this.#length -= each.length
    this.#running = []
  }

  /** Publishes what was kept, in this turn of the event loop. False: there was nothing. */
  publish(): boolean {
    return this.#publish(this.#items.flatMap((item) => ('published' in item ? [item.published] : [])))
  }

  /** What could not be published. */
  async faults(): Promise<unknown[]> {
    const settled = (await Promise.all(this.#publishing.splice(0))).flat()
    return settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
  }

  /**
   * What has come to a client from its channels, in the order of the signals, for each room in that in which it came. With the
   * replies of the list for its own client.
   */
  arrange<Entry extends GatheredEntry>(
    arrived: readonly Entry[],
    replies: 'with replies' | 'without',
  ): (Entry | Reply)[] {
    // By room, the first one last.
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
      // The client is not in the room, or hears of it later.
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

function idOf({ room, entry }: GatheredEntry): string {
  return `${room} ${Object.keys(entry)[0]}`
}

function count(counts: Map<string, number>, id: string, by: number): void {
  counts.set(id, (counts.get(id) ?? 0) + by)
}
