// The logs of durable channels in a store: passes what this server commits to its own rooms, and hints of it to other servers. Lost hints
// are repaired each second, by comparing the numbers of the rooms that are watched. Deletes old messages.
import type { Clock, Timer } from '../../../core/base/clock.ts'
import type {
  LogBounds,
  LoggedMessage,
  LogNews,
  LogPage,
  LogRoom,
  MessageLogs,
  OutgoingMessage,
} from '../../../core/server/message-logs.ts'
import type { DurableStore, Run } from './durable-store.ts'
import { MessageWriter } from './message-writer.ts'
import type { RoomRows } from './room-rows.ts'
import type { StoreHints } from './store-hints.ts'

export interface RoomLogsParts {
  readonly store: DurableStore
  readonly rows: RoomRows
  readonly hints: StoreHints
  readonly clock: Clock
  report(error: unknown): void
}

interface Watched {
  readonly room: LogRoom
  readonly watchers: Set<(news: LogNews) => void>
}

const pollEveryMs = 1_000
/** Hints of so long are sent together. */
const hintEveryMs = 10
const maxHintBytes = 7_900
/** Says that any room may have messages. */
const anyRoom = '*'

const cleanEveryMs = 30_000
/** Messages that are deleted in one transaction, and transactions for a channel, or a room, in one turn. */
const deletedAtOnce = 1_000
const deletions = 20
/** Rooms to which this server has published since it last deleted. Others are left to their `ttlMs`. */
const mostTouched = 10_000

export class RoomLogs implements MessageLogs {
  readonly #parts: RoomLogsParts
  readonly #writer: MessageWriter
  readonly #watched = new Map<string, Watched>()
  readonly #hinted = new Map<string, LogRoom & { readonly offset: number }>()
  readonly #bounds = new Map<string, LogBounds>()
  readonly #touched = new Map<string, LogRoom>()
  #hintTimer: Timer | undefined
  #pollTimer: Timer | undefined
  #cleanTimer: Timer | undefined
  #polling: Promise<void> | undefined
  #pollsAgain = false
  #cleaning: Promise<void> = Promise.resolve()
  #isListening = false
  #isClosed = false

  constructor(parts: RoomLogsParts) {
    this.#parts = parts
    this.#writer = new MessageWriter(parts.store, parts.rows, (messages) => this.committed(messages))
    this.#cleanLater()
  }

  keep(channel: string, bounds: LogBounds | undefined): void {
    if (bounds === undefined) this.#bounds.delete(channel)
    else this.#bounds.set(channel, bounds)
  }

  append(message: OutgoingMessage): Promise<number> {
    return this.#writer.append(message)
  }

  after(room: LogRoom, offset: number, limit: number): Promise<LogPage> {
    return this.#parts.rows.after(room, offset, limit)
  }

  newest(room: LogRoom, limit: number): Promise<LogPage> {
    return this.#parts.rows.newest(room, limit)
  }

  watch(room: LogRoom, onNews: (news: LogNews) => void): () => void {
    const id = idOf(room)
    const watched = this.#watched.get(id) ?? { room, watchers: new Set() }
    this.#watched.set(id, watched)
    watched.watchers.add(onNews)
    this.#listen()
    return () => {
      watched.watchers.delete(onNews)
      if (watched.watchers.size === 0 && this.#watched.get(id) === watched) this.#watched.delete(id)
    }
  }

  /** Writes messages as last statements of a transaction. Call `committed` after its commit. */
  write(run: Run, messages: readonly OutgoingMessage[], batch: string): Promise<LoggedMessage[]> {
    return this.#parts.rows.write(run, messages, batch)
  }

  committed(messages: readonly LoggedMessage[]): void {
    for (const message of messages) {
      const id = idOf(message)
      const { channel, key, offset } = message
      for (const onNews of this.#watched.get(id)?.watchers ?? []) onNews({ offset, message })
      this.#hinted.set(id, { channel, key, offset: Math.max(offset, this.#hinted.get(id)?.offset ?? 0) })
      if (this.#touched.size < mostTouched) this.#touched.set(id, { channel, key })
    }
    if (!this.#isClosed) this.#hintTimer ??= this.#parts.clock.setTimer(this.#sendHints, hintEveryMs)
  }

  /** Settles when everything is written. Never rejects. */
  async close(): Promise<void> {
    await this.#writer.idle()
    this.#isClosed = true
    for (const timer of [this.#hintTimer, this.#pollTimer, this.#cleanTimer]) timer?.cancel()
    await this.#sendHints()
    await Promise.all([this.#polling, this.#cleaning, this.#parts.hints.close()])
  }

  #listen(): void {
    if (this.#isClosed) return
    this.#pollTimer ??= this.#parts.clock.setTimer(this.#pollInTurn, pollEveryMs)
    if (this.#isListening) return
    this.#isListening = true
    this.#parts.hints.listen(this.#onHint)
  }

  readonly #sendHints = async (): Promise<void> => {
    this.#hintTimer = undefined
    const hinted = [...this.#hinted.values()]
    this.#hinted.clear()
    for (const text of textsOf(hinted)) await this.#parts.hints.send(text)
  }

  readonly #onHint = (text?: string): void => {
    const hints = text === undefined ? undefined : hintsIn(text)
    if (hints === undefined) return this.#poll()
    for (const { offset, ...room } of hints)
      for (const onNews of this.#watched.get(idOf(room))?.watchers ?? []) onNews({ offset })
  }

  readonly #pollInTurn = (): void => {
    this.#pollTimer = undefined
    if (this.#isClosed || this.#watched.size === 0) return
    this.#pollTimer = this.#parts.clock.setTimer(this.#pollInTurn, pollEveryMs)
    this.#poll()
  }

  /** One poll at a time; what has changed while it runs is looked up by another one. */
  #poll(): void {
    if (this.#isClosed || this.#watched.size === 0) return
    if (this.#polling !== undefined) {
      this.#pollsAgain = true
      return
    }
    this.#polling = this.#compare().finally(() => {
      this.#polling = undefined
      if (!this.#pollsAgain) return
      this.#pollsAgain = false
      this.#poll()
    })
  }

  async #compare(): Promise<void> {
    const asked = [...this.#watched.values()]
    try {
      const heads = await this.#parts.rows.heads(asked.map(({ room }) => room))
      const found = new Map(heads.map((head) => [idOf(head), head]))
      for (const { room, watchers } of asked) {
        const { head: offset = 0, epoch = '' } = found.get(idOf(room)) ?? {}
        for (const onNews of watchers) onNews({ offset, epoch })
      }
    } catch {
      // The store is away: the next poll finds what was missed.
    }
  }

  #cleanLater(): void {
    if (this.#isClosed) return
    this.#cleanTimer = this.#parts.clock.setTimer(() => {
      this.#cleaning = this.clean().then(() => this.#cleanLater())
    }, cleanEveryMs)
  }

  /** Deletes messages beyond the bounds. Never rejects. */
  async clean(): Promise<void> {
    const { rows, report } = this.#parts
    const touched = [...this.#touched.values()]
    this.#touched.clear()
    try {
      for (const [channel, { ttlMs }] of this.#bounds)
        for (let i = 0; i < deletions; i++)
          if ((await rows.deleteOld(channel, ttlMs, deletedAtOnce)) < deletedAtOnce) break
      for (const room of touched) {
        const { size } = this.#bounds.get(room.channel) ?? {}
        for (let i = 0; size !== undefined && i < deletions; i++)
          if (!(await rows.deleteBeyond(room, size, deletedAtOnce))) break
      }
    } catch (error) {
      if (!this.#isClosed) report(error)
    }
  }
}

function idOf({ channel, key }: LogRoom): string {
  return `${channel}\0${key}`
}

/** Hints in as few texts as possible. */
function textsOf(hints: readonly (LogRoom & { readonly offset: number })[]): string[] {
  const texts: string[] = []
  let parts: string[] = []
  let bytes = 2
  for (const { channel, key, offset } of hints) {
    const part = JSON.stringify([channel, key, offset])
    const more = Buffer.byteLength(part) + 1
    if (more + 2 >= maxHintBytes) texts.push(anyRoom)
    else {
      if (bytes + more >= maxHintBytes) {
        texts.push(`[${parts.join(',')}]`)
        parts = []
        bytes = 2
      }
      parts.push(part)
      bytes += more
    }
  }
  if (parts.length > 0) texts.push(`[${parts.join(',')}]`)
  return texts
}

/** undefined: any room may have changed. */
function hintsIn(text: string): (LogRoom & { readonly offset: number })[] | undefined {
  try {
    const hints = JSON.parse(text) as [string, string, number][]
    return hints.map(([channel, key, offset]) => ({ channel, key, offset: Number(offset) }))
  } catch {
    return undefined
  }
}
