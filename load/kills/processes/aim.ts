// Where a server is to be killed, or stopped: at the next call that reaches a phase. It does that itself, so that not one statement more
// is run.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'

export type Phase = 'handler starts' | 'rows are locked' | 'rows are written' | 'before the commit' | 'after the commit'

export interface AimOrder {
  readonly phase: Phase
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

export class Aim {
  #order: AimOrder | undefined

  /** The order counts once. */
  next(order: AimOrder): void {
    this.#order = order
  }

  reached(phase: Phase): void {
    const order = this.#order
    if (order?.phase !== phase) return
    this.#order = undefined
    // Written before the signal comes.
    writeSync(1, 'aimed\n')
    process.kill(process.pid, order.signal)
  }

  /** Watches the commits of libsql files of this process, at their driver. */
  watchCommits(): void {
    const { prototype } = createRequire(import.meta.url)('libsql') as {
      readonly prototype: { exec(this: unknown, sql: string): unknown }
    }
    const { exec } = prototype
    const reached = (phase: Phase): void => this.reached(phase)
    prototype.exec = function (sql) {
      if (!/^commit/i.test(sql)) return exec.call(this, sql)
      reached('before the commit')
      const done = exec.call(this, sql)
      reached('after the commit')
      return done
    }
  }
}
