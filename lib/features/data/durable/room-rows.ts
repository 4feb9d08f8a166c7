// The rows of durable channels' rooms and messages. A room's row is locked from the moment in which it gives a message its number until the
// commit: so numbers have no gaps, and their order is that of the commits. It is written as late as possible, and rooms in one order.
import { createHash } from 'node:crypto'
import type { LoggedMessage, LogPage, LogRoom, OutgoingMessage } from '../../../core/server/message-logs.ts'
import { type DurableStore, nowIn, type Row, type Run, type Value } from './durable-store.ts'
import { bytesIn, payloadBytes, payloadIn } from './stored-answer.ts'
import { type Tables, tablesOf } from './tables.ts'

/** The last number of a room. */
export interface RoomHead extends LogRoom {
  readonly epoch: string
  readonly head: number
}

/** Rows of one insertion: seven values each. */
const rowsAtOnce = 100
/** Rooms of one query. */
const roomsAtOnce = 200

export class RoomRows {
  readonly #store: DurableStore
  readonly #tables: Tables
  readonly #now: string
  readonly #life: string

  /** `hasIdentity`: PostgreSQL says which cluster it is. */
  constructor(store: DurableStore, hasIdentity: boolean) {
    this.#store = store
    this.#tables = tablesOf(store)
    this.#now = nowIn(store)
    this.#life = store.isPostgres ? lifeOfPostgres(hasIdentity) : "''"
  }

  /** Writes messages in a transaction, and returns them with their numbers. `batch`: names this write. */
  async write(run: Run, messages: readonly OutgoingMessage[], batch: string): Promise<LoggedMessage[]> {
    const rooms = byRoom(messages)
    const written: LoggedMessage[] = []
    const { room } = this.#tables
    const take = `insert into ${room} as held (channel, room, head) values (?, ?, ?)
      on conflict (channel, room) do update set head = held.head + excluded.head returning head, ${this.#now} as now`
    for (const own of rooms) {
      const { channel, key } = own[0] as OutgoingMessage
      const [row] = (await run(take, [channel, key, own.length])) as [Row]
      const first = Number(row['head']) - own.length + 1
      const atMs = Number(row['now'])
      written.push(...own.map((message, i) => ({ ...message, offset: first + i, atMs })))
    }
    for (let i = 0; i < written.length; i += rowsAtOnce)
      await this.#insert(run, written.slice(i, i + rowsAtOnce), batch)
    return written
  }

  /** The messages of a write that was committed; undefined: it was not. Its rooms must be locked. */
  async found(run: Run, messages: readonly OutgoingMessage[], batch: string): Promise<LoggedMessage[] | undefined> {
    const found: LoggedMessage[] = []
    for (const own of byRoom(messages)) {
      const { channel, key } = own[0] as OutgoingMessage
      const sql = `select number, at from ${this.#tables.message} where channel = ? and room = ? and batch = ? order by number`
      const rows = await run(sql, [channel, key, batch])
      if (rows.length !== own.length) return undefined
      found.push(
        ...own.map((message, i) => ({
          ...message,
          offset: Number(rows[i]?.['number']),
          atMs: Number(rows[i]?.['at']),
        })),
      )
    }
    return found
  }

  after(room: LogRoom, offset: number, limit: number): Promise<LogPage> {
    return this.#read(room, 'after.number > ?', [offset], 'order by after.number', limit)
  }

  async newest(room: LogRoom, limit: number): Promise<LogPage> {
    const page = await this.#read(room, 'after.number > 0', [], 'order by after.number desc', limit)
    return { ...page, messages: page.messages.toReversed() }
  }

  /** The heads of the given rooms that have any message. */
  async heads(rooms: readonly LogRoom[]): Promise<RoomHead[]> {
    const heads: RoomHead[] = []
    const { store, room } = this.#tables
    for (let i = 0; i < rooms.length; i += roomsAtOnce) {
      const asked = rooms.slice(i, i + roomsAtOnce)
      const which = asked.map(() => '(channel = ? and room = ?)').join(' or ')
      const sql = `select id, place, ${this.#life} as life, channel, room, head from ${store}, ${room} where ${which}`
      const rows = await this.#store.read(
        sql,
        asked.flatMap(({ channel, key }) => [channel, key]),
      )
      for (const row of rows)
        heads.push({
          channel: String(row['channel']),
          key: String(row['room']),
          head: Number(row['head']),
          epoch: epochOf(row),
        })
    }
    return heads
  }

  /** Records where the store is: in another place it is another store, such as the copy of a file. */
  async settleAt(place: string, newId: string): Promise<void> {
    const { store } = this.#tables
    const [row] = await this.#store.read(`select place from ${store}`)
    if (row?.['place'] === place) return
    const sql = `update ${store} set id = case when place = '' then id else ? end, place = ? where place <> ?`
    await this.#store.transaction((run) => run(sql, [newId, place, place]))
  }

  /** Deletes up to `limit` messages that are older, or more, than the bounds say. Returns their number. */
  async deleteOld(channel: string, ttlMs: number, limit: number): Promise<number> {
    if (ttlMs === Number.POSITIVE_INFINITY) return 0
    const { message } = this.#tables
    const sql = `select room, number from ${message} where channel = ? and at <= ${this.#now} - ? order by at limit ?`
    const rows = await this.#store.read(sql, [channel, Math.ceil(ttlMs), limit])
    // By room, up to the highest number that is too old: numbers are as old as their order.
    const last = new Map<string, number>()
    for (const row of rows) {
      const key = String(row['room'])
      last.set(key, Math.max(last.get(key) ?? 0, Number(row['number'])))
    }
    if (last.size === 0) return 0
    await this.#store.transaction(async (run) => {
      for (const [key, number] of [...last].sort(([a], [b]) => (a < b ? -1 : 1)))
        await run(`delete from ${message} where channel = ? and room = ? and number <= ?`, [channel, key, number])
    })
    return rows.length
  }

  /** Deletes up to `limit` messages of a room beyond the newest `size`. Returns whether more are left. */
  async deleteBeyond({ channel, key }: LogRoom, size: number, limit: number): Promise<boolean> {
    const { room, message } = this.#tables
    const sql = `select head, (select min(number) from ${message} kept where kept.channel = ? and kept.room = ?) as first
      from ${room} where channel = ? and room = ?`
    const [row] = await this.#store.read(sql, [channel, key, channel, key])
    if (row === undefined || row['first'] === null) return false
    const first = Number(row['first'])
    const last = Number(row['head']) - size
    if (first > last) return false
    const until = Math.min(last, first + limit - 1)
    const doomed = `delete from ${message} where channel = ? and room = ? and number <= ?`
    await this.#store.transaction((run) => run(doomed, [channel, key, until]))
    return until < last
  }

  async #insert(run: Run, messages: readonly LoggedMessage[], batch: string): Promise<void> {
    const marks = messages.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ')
    const values = messages.flatMap(({ channel, key, offset, atMs, item, to, except }): Value[] => {
      const audience = to === undefined && except === undefined ? null : JSON.stringify({ to, except })
      return [channel, key, offset, atMs, batch, payloadBytes(item), audience]
    })
    await run(
      `insert into ${this.#tables.message} (channel, room, number, at, batch, item, audience) values ${marks}`,
      values,
    )
  }

  /** One statement, so that all of it is of one moment. */
  async #read(
    { channel, key }: LogRoom,
    which: string,
    values: readonly Value[],
    order: string,
    limit: number,
  ): Promise<LogPage> {
    const { store, room, message } = this.#tables
    const sql = `select id, place, ${this.#life} as life, ${this.#now} as now, coalesce(own.head, 0) as head,
      after.number, after.at, after.item, after.audience from ${store}
      left join ${room} own on own.channel = ? and own.room = ?
      left join ${message} after on after.channel = ? and after.room = ? and ${which} ${order} limit ?`
    const rows = await this.#store.read(sql, [channel, key, channel, key, ...values, limit])
    const [first] = rows as [Row]
    return {
      epoch: epochOf(first),
      head: Number(first['head']),
      nowMs: Number(first['now']),
      messages: first['number'] === null ? [] : rows.map((row) => messageIn(row, { channel, key })),
    }
  }
}

/** What differs when a store is restored from a backup, or when another server of a PostgreSQL cluster takes over. */
function lifeOfPostgres(hasIdentity: boolean): string {
  const cluster = hasIdentity ? '(select system_identifier from pg_control_system())::text' : "''"
  const timeline = 'substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)'
  return `${cluster} || ':' || ${timeline} || ':' || (select oid from pg_database where datname = current_database())`
}

/** Clients get it: it says nothing about the store. */
function epochOf(row: Row): string {
  const text = `${row['id']} ${row['place']} ${row['life']}`
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

function messageIn(row: Row, { channel, key }: LogRoom): LoggedMessage {
  const { to, except } = row['audience'] === null ? {} : (JSON.parse(String(row['audience'])) as Partial<LoggedMessage>)
  return {
    channel,
    key,
    offset: Number(row['number']),
    atMs: Number(row['at']),
    item: payloadIn(bytesIn(row['item'])),
    to,
    except,
  }
}

/** The messages of each room in their order; rooms in the order in which everyone locks them. */
function byRoom(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const rooms = new Map<string, OutgoingMessage[]>()
  for (const message of messages) {
    const room = `${message.channel}\0${message.key}`
    const own = rooms.get(room)
    if (own === undefined) rooms.set(room, [message])
    else own.push(message)
  }
  return [...rooms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, own]) => own)
}
