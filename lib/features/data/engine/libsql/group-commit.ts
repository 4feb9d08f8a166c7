// Group commit: durable transactions that follow each other share one COMMIT, as savepoints of one transaction of the file. A COMMIT waits
// for the disk, in the server's thread, and the wait is the same for one transaction and for many.
//
//   turn ──> savepoint ──statements──┬─> released ────────┬─> the next one waits, and the group is young ──> its turn, in the same group
//                                    ╰─> rolled back to it ╯╰─> else: COMMIT, after which all that were released are answered
//
// Nothing waits for company: without a next one the COMMIT follows immediately.
import { type Deferred, deferred } from '../../../../core/base/deferred.ts'
import { monotonicNow } from '../../../../core/base/platform-timers.ts'
import { storeSchema } from './attached-store.ts'
import type { Checkpoints } from './checkpoints.ts'
import { type GroupMember, type RawConnection, rollBack } from './raw-connection.ts'
import { whileBusy } from './while-busy.ts'
import type { WriteLock } from './write-lock.ts'

/** The connections of a store. */
export interface ConnectionPool {
  acquireConnection(): Promise<RawConnection>
  releaseConnection(connection: RawConnection): unknown
}

export interface GroupCommitOptions {
  readonly writeLock: WriteLock
  /** The time to wait for another process that writes. */
  readonly waitMs: number
  /** What commits of other transactions do. */
  readonly durability: 'full' | 'normal'
  readonly checkpoints: Checkpoints
  /** In milliseconds. */
  readonly now?: () => number
}

/** For how long a group takes in others; longer where a COMMIT takes longer, so that at least half of the time is spent on work. */
const shortestWindowMs = 5
const longestWindowMs = 50
const mostMembers = 64
/** The turn of a transaction that takes longer than this is not only statements. */
const slowTurnMs = 5

interface Group {
  readonly pool: ConnectionPool
  readonly connection: RawConnection
  readonly sinceMs: number
  /** The transactions that wait for the COMMIT. */
  readonly released: Deferred<void>[]
}

export class GroupCommit {
  readonly #options: GroupCommitOptions
  readonly #now: () => number
  #open: Group | undefined
  #commitMs = 0
  /** Labels of transactions whose last turn was slow: those before them must not wait for them. */
  readonly #slow = new Set<string>()

  constructor(options: GroupCommitOptions) {
    this.#options = options
    this.#now = options.now ?? monotonicNow
  }

  /** Runs a transaction in its turn. `use` begins it by `beginMember`, and ends it by the connection's member. */
  async run<T>(pool: ConnectionPool, label: string, use: (connection: RawConnection) => Promise<T>): Promise<T> {
    const { writeLock } = this.#options
    const endTurn = await writeLock.take(true)
    let group: Group
    try {
      group = await this.#groupFor(pool, label)
    } catch (error) {
      endTurn()
      throw error
    }
    const { connection } = group
    const begunAtMs = this.#now()
    const member = new Member(connection, (released) => {
      connection.member = undefined
      this.#judge(label, this.#now() - begunAtMs)
      if (released !== undefined) group.released.push(released)
      if (this.#mayGrow(group)) endTurn()
      else void this.#commit(group).then(endTurn)
    })
    connection.member = member
    try {
      return await use(connection)
    } finally {
      // knex has ended it, unless it could not begin.
      if (connection.member === member) await member.end(false)
    }
  }

  async #groupFor(pool: ConnectionPool, label: string): Promise<Group> {
    const open = this.#open
    if (open !== undefined && this.#slow.has(label)) await this.#commit(open)
    this.#open ??= await this.#begin(pool)
    return this.#open
  }

  async #begin(pool: ConnectionPool): Promise<Group> {
    const { waitMs, durability } = this.#options
    const connection = await pool.acquireConnection()
    try {
      if (durability !== 'full') connection.exec(`pragma ${storeSchema}.synchronous = full`)
      await whileBusy(() => connection.exec('begin immediate'), waitMs)
    } catch (error) {
      this.#release(pool, connection)
      throw error
    }
    return { pool, connection, sinceMs: this.#now(), released: [] }
  }

  /** A failed statement may have ended the whole transaction: on a full disk, for example. */
  #mayGrow({ connection, released, sinceMs }: Group): boolean {
    if (!this.#options.writeLock.nextShares || released.length >= mostMembers) return false
    if (!connection.inTransaction || connection.fault !== undefined) return false
    const windowMs = Math.min(Math.max(shortestWindowMs, this.#commitMs), longestWindowMs)
    return this.#now() - sinceMs < windowMs
  }

  /** Never rejects: those that wait for the COMMIT learn what became of it. */
  async #commit(group: Group): Promise<void> {
    const { pool, connection, released } = group
    this.#open = undefined
    const startedAtMs = this.#now()
    try {
      if (connection.fault !== undefined) throw connection.fault
      if (released.length > 0) await whileBusy(() => connection.exec('commit'), this.#options.waitMs)
      for (const each of released) each.resolve()
    } catch (error) {
      for (const each of released) each.reject(error)
    }
    connection.fault = undefined
    if (released.length > 0) this.#commitMs = this.#now() - startedAtMs
    const { checkpoints } = this.#options
    if (checkpoints.isDue) await checkpoints.copy(connection)
    this.#release(pool, connection)
  }

  #release(pool: ConnectionPool, connection: RawConnection): void {
    const { durability } = this.#options
    rollBack(connection)
    try {
      if (durability !== 'full') connection.exec(`pragma ${storeSchema}.synchronous = ${durability}`)
    } catch (error) {
      connection.__knex__disposed = error
    }
    pool.releaseConnection(connection)
  }

  #judge(label: string, turnMs: number): void {
    if (turnMs > slowTurnMs) this.#slow.add(label)
    else this.#slow.delete(label)
  }
}

const savepoint = 'savepoint member'

/** In place of BEGIN, in a group. */
export function beginMember(connection: RawConnection): void {
  connection.exec(savepoint)
}

class Member implements GroupMember {
  readonly #connection: RawConnection
  readonly #onEnd: (released: Deferred<void> | undefined) => void

  /** `onEnd`: called once, with what waits for the COMMIT. */
  constructor(connection: RawConnection, onEnd: (released: Deferred<void> | undefined) => void) {
    this.#connection = connection
    this.#onEnd = onEnd
  }

  async end(isKept: boolean): Promise<void> {
    const connection = this.#connection
    try {
      if (isKept) connection.exec(`release ${savepoint}`)
    } catch (error) {
      // What it has done must not be committed with the others.
      this.#undo()
      throw error
    }
    if (!isKept) return this.#undo()
    const released = deferred<void>()
    this.#onEnd(released)
    await released.promise
  }

  /** Where a statement has ended the whole transaction, nothing is left of it. */
  #undo(): void {
    const connection = this.#connection
    try {
      if (connection.inTransaction) connection.exec(`rollback to ${savepoint}`)
      if (connection.inTransaction) connection.exec(`release ${savepoint}`)
    } catch (error) {
      // Then none of them is committed.
      connection.fault ??= error
      rollBack(connection)
    }
    this.#onEnd(undefined)
  }
}
