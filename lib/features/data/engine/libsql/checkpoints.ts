// Copies what the write-ahead log of a file holds into the file, as SQLite must do now and then. By itself it does so in a COMMIT, in the
// server's thread: 6 to 9 ms for 1 000 pages. Here it is done after a COMMIT, in a thread of the driver; writers wait for it, and nobody else.
import { storeSchema } from './attached-store.ts'
import type { RawConnection } from './raw-connection.ts'

/** How many statements write before the log is copied. With a commit for each row, that is more than 1 000 pages. */
const everyStatements = 1_000
/** Where statements write more than that, a COMMIT copies the log. */
const mostPages = 4_000

const isWrite = /^(insert|update|delete|with)\b/i

/** Of the connection. */
export const copiesByItself = `pragma wal_autocheckpoint = ${mostPages}`

export class Checkpoints {
  #statements = 0

  /** Called with each statement. */
  onStatement(sql: string): void {
    if (isWrite.test(sql)) this.#statements++
  }

  get isDue(): boolean {
    return this.#statements >= everyStatements
  }

  /** For who has the turn to write, with a connection that is in no transaction. Never rejects. */
  async copy(connection: RawConnection): Promise<void> {
    this.#statements = 0
    if (connection.file === undefined) return
    // Where it fails, a COMMIT copies the log, or says why it cannot.
    await connection.execLater(`pragma ${storeSchema}.wal_checkpoint(passive)`).catch(() => undefined)
  }
}
