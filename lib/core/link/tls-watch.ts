// Watches the files of a port's TLS, and has it renewed when they have changed. Asks the file system every few seconds what is at
// their paths, so that it sees whatever replaces them: a rename, a link to another version (certbot), a directory that such a link
// leads through (Kubernetes), files on another machine. Events of the file system miss some of these.
import { type BigIntStats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { type PortTls, pathsOf, watchMsOf } from './port-tls.ts'

export interface TlsWatchOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Reads the files and applies them to the port. Throws, and changes nothing, where they cannot be used. */
  renew(): void
}

/** Undefined where there are no files, or they are not to be watched. Begins with the files as they are: to be called before they are read. */
export function watchTls(tls: PortTls | undefined, options: TlsWatchOptions): TlsWatch | undefined {
  const everyMs = tls === undefined ? undefined : watchMsOf(tls)
  const paths = tls === undefined ? [] : pathsOf(tls)
  return everyMs === undefined || paths.length === 0 ? undefined : new TlsWatch(paths, everyMs, options)
}

export class TlsWatch {
  readonly #paths: readonly string[]
  readonly #everyMs: number
  readonly #options: TlsWatchOptions
  /** The version of the files in use, as a text that changes with them. */
  #shown: string
  /** At the last look. */
  #seen: string
  /** The last version that could not be used: it is logged once. */
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

  /** May be called twice. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #plan(): void {
    if (this.#isClosed) return
    const look = (): void => void this.#look().then(() => this.#plan())
    this.#timer = this.#options.clock.setTimer(look, this.#everyMs)
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const versions = await Promise.all(this.#paths.map(currentVersion))
    if (this.#isClosed) return
    const now = versions.join()
    const isSettled = now === this.#seen
    this.#seen = now
    // Somebody may be in the middle of writing a key and its certificate.
    if (now === this.#shown || !isSettled) return
    const { log, renew } = this.#options
    try {
      renew()
      this.#shown = now
      this.#refused = undefined
      log.info({ files: this.#paths }, 'the certificate was renewed, as its files have changed')
    } catch (error) {
      // Retried at each look: what is missing may come, or be allowed to be read.
      if (this.#refused !== now)
        log.warn({ error }, 'changed files of TLS cannot be used; the certificate stays as it was')
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
