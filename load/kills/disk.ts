// The disk of a libsql file, which can be full: a small file system in memory, where we may mount one. Elsewhere, and beside it, the size that the
// server's files may have is limited.
import { execFileSync } from 'node:child_process'
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const sizeMb = 256
const chunk = Buffer.alloc(1024 * 1024)

export class Disk {
  readonly folder: string
  /** Why it cannot be filled. undefined: it can. */
  readonly cannotFill: string | undefined
  /** Why the size of files cannot be limited. */
  readonly cannotLimit: string | undefined

  /** `parent`: where its folder is made. */
  constructor(parent: string) {
    this.folder = mkdtempSync(join(parent, 'disk-'))
    this.cannotFill = failureOf('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'isock-kills', this.folder])
    this.cannotLimit = failureOf('prlimit', ['--version'])
  }

  get url(): string {
    return `file:${this.#file}`
  }

  /** Until `free`. */
  fill(): void {
    const filler = openSync(this.#filler, 'w')
    try {
      for (let i = 0; i < 2 * sizeMb; i++) writeSync(filler, chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(filler)
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true })
  }

  /** No file of this process may grow beyond the store's log as it is. `isLimited` false: they may again. */
  limit(pid: number, isLimited: boolean): void {
    const bytes = isLimited ? (statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0) : 'unlimited'
    // Only the soft limit, which everybody may raise again.
    failureOf('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`])
  }

  /** Copies the store's files. */
  copyTo(folder: string): void {
    for (const end of ['', '-wal'])
      if (existsSync(`${this.#file}${end}`)) copyFileSync(`${this.#file}${end}`, join(folder, `bank.db${end}`))
  }

  remove(): void {
    if (this.cannotFill === undefined) failureOf('umount', ['--lazy', this.folder])
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #file(): string {
    return join(this.folder, 'bank.db')
  }

  get #filler(): string {
    return join(this.folder, 'filler')
  }
}

/** Why a command failed; undefined: it did not. */
function failureOf(command: string, args: readonly string[]): string | undefined {
  try {
    execFileSync(command, [...args], { stdio: 'ignore', timeout: 10_000 })
    return undefined
  } catch (error) {
    return `"${command} ${args.join(' ')}" failed: ${(error as Error).message.split('\n')[0]}`
  }
}
