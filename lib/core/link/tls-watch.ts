// Watches a port's TLS files, and renews the port's TLS when they have changed. Polls the paths every few seconds, so that it
// notices every kind of replacement: a rename, a link to another version (certbot), a linked parent directory (Kubernetes),
// files on another machine. File system events miss some of these.
import { type BigIntStats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { type PortTls, pathsOf, watchMsOf } from './port-tls.ts'

export interface TlsWatchOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Reads the files and applies them to the port. Throws, and changes nothing, if they cannot be used. */
  renew(): void
}

/** Returns undefined if there are no files to watch. Must be called before the files are read, because it starts from their current version. */
export function watchTls(tls: PortTls | undefined, options: TlsWatchOptions): TlsWatch | undefined {
  const everyMs = tls === undefined ? undefined : watchMsOf(tls)
  const paths = tls === undefined ? [] : pathsOf(tls)
  return everyMs === undefined || paths.length === 0 ? undefined : new TlsWatch(paths, everyMs, options)
}

export class TlsWatch {
  readonly #paths: readonly string[]
  readonly #everyMs: number
  readonly #options: TlsWatchOptions
  /** The version of the files in use, as a string that changes with them. */
  #shown: string
  /** The version at the last check. */
  #seen: string
  /** The last unusable version, so that it is logged once. */
  #refused: string | undefined
  #timer: Timer | undefined
  #isClosed = false

  constructor(paths: readonly string[], everyMs: number, options: TlsWatchOptions) {
    this.#paths = paths
    this.#everyMs = everyMs
    this.#options = options
    this.#shown = paths.map((path) => versionOf(() => statSync(path, { bigint: true }))).join()
    this.#seen = this.#shown
    this.#plan()
  }

  /** Stops watching. May be called twice. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #plan(): void {
    if (this.#isClosed) return
    const look = (): void => void this.#look().then(() => this.#plan())
    this.#timer = this.#options.clock.setTimer(look, this.#everyMs)
  }

  /** Checks the files once. Never rejects. */
  async #look(): Promise<void> {
    const versions = await Promise.all(this.#paths.map(currentVersion))
    if (this.#isClosed) return
    const now = versions.join()
    const isSettled = now === this.#seen
    this.#seen = now
    // A key and its certificate may still be being written.
    if (now === this.#shown || !isSettled) return
    const { log, renew } = this.#options
    try {
      renew()
      this.#shown = now
      this.#refused = undefined
      log.info({ files: this.#paths }, 'certificate renewed, because its files have changed')
    } catch (error) {
      // Retried at each check: a missing file may appear, or become readable.
      if (this.#refused !== now) log.warn({ error }, 'changed TLS files cannot be used; the former certificate stays')
      this.#refused = now
    }
  }
}

async function currentVersion(path: string): Promise<string> {
  try {
    const status = await stat(path, { bigint: true })
    return versionOf(() => status)
  } catch {
    return 'none'
  }
}

function versionOf(look: () => BigIntStats): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = look()
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch {
    return 'none'
  }
}
