// Stores a client's session in a storage that outlives the client, so that the next page resumes it. One entry per address. Leaves
// the choice of the session to session-home.ts.
//
//   open ──> left      open: its client may still exist (a duplicated tab has a copy), so it is resumed only if it has no link
//     ╰───> removed    left: its page was left; removed: the client was closed
import type { Logger } from '../base/log.ts'
import { invalidOption } from '../base/options.ts'
import { type Address, formatAddress } from '../link/address.ts'
import type { SessionGrant } from '../session/session-grant.ts'
import { Feature, maxNameBytes } from '../wire/frames/frame.ts'

/** An object like `sessionStorage`, with these three methods. */
export interface ResumeStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** The fields of HELLO for the session to resume. */
export interface Resumable {
  readonly id: string
  readonly resumeSecret: Uint8Array
  /** Bits of `Feature`. */
  readonly features: number
}

export interface StoredSessionsOptions {
  /** Or a function that returns it, because a browser with storage disabled throws on access. */
  readonly storage: ResumeStorage | (() => ResumeStorage)
  readonly addresses: readonly Address[]
  readonly log: Logger
  readonly onExit: ((tell: () => void) => () => void) | undefined
}

const keyBegin = 'isock.session '
/** The longest secret that HELLO may contain. */
const maxSecretBytes = 64

export class StoredSessions {
  readonly #options: StoredSessionsOptions
  readonly #found = new Map<string, Resumable>()
  /** The entry of the client itself. */
  #kept: { readonly key: string; readonly grant: SessionGrant } | undefined
  #stop: (() => void) | undefined
  #hasFailed = false

  /** Throws ClientError (`INVALID_OPTION`) for anything but a storage. Errors of a storage are logged. */
  constructor(options: StoredSessionsOptions) {
    this.#options = options
    if (typeof options.storage !== 'function') requireStorage(options.storage)
    for (const address of options.addresses) {
      const key = keyOf(address)
      this.#use((storage) => {
        const found = read(storage.getItem(key))
        if (found !== undefined) this.#found.set(key, found)
      })
    }
  }

  /** The entry of a former client for this address, until a session was requested there. */
  find(address: Address): Resumable | undefined {
    return this.#found.get(keyOf(address))
  }

  /** The address for which an entry was found. */
  get address(): Address | undefined {
    return this.#found.size === 0 ? undefined : this.#options.addresses.find((each) => this.find(each) !== undefined)
  }

  /** Called when a session was requested with the entry of this address, granted or not. */
  used(address: Address): void {
    this.#found.delete(keyOf(address))
  }

  /** Called when the client was granted this session. */
  keep(address: Address, grant: SessionGrant): void {
    const former = this.#kept
    const key = keyOf(address)
    if (former !== undefined && former.key !== key) this.#use((storage) => storage.removeItem(former.key))
    this.#kept = { key, grant }
    this.#write('open')
    this.#stop ??= this.#options.onExit?.(() => this.#write('left'))
  }

  /** Called when the session ends with its client, unless the client has another one by now. */
  drop(grant: SessionGrant): void {
    const kept = this.#kept
    if (kept?.grant !== grant) return
    this.#kept = undefined
    this.#stop?.()
    this.#stop = undefined
    this.#use((storage) => storage.removeItem(kept.key))
  }

  #write(state: 'open' | 'left'): void {
    if (this.#kept === undefined) return
    const { key, grant } = this.#kept
    const entry = { session: grant.id, secret: [...grant.resumeSecret], state }
    this.#use((storage) => storage.setItem(key, JSON.stringify(entry)))
  }

  /** If the storage is full or forbidden, the next page cannot resume the session. This page is not affected. */
  #use(work: (storage: ResumeStorage) => void): void {
    const { storage, log } = this.#options
    try {
      work(typeof storage === 'function' ? storage() : storage)
    } catch (error) {
      if (!this.#hasFailed) log.warn({ error }, 'the storage of option resume failed; the session is not stored in it')
      this.#hasFailed = true
    }
  }
}

function keyOf(address: Address): string {
  return keyBegin + formatAddress(address)
}

function requireStorage(storage: Partial<ResumeStorage>): void {
  const methods = [storage?.getItem, storage?.setItem, storage?.removeItem]
  if (methods.every((method) => typeof method === 'function')) return
  throw invalidOption('resume', 'sessionStorage, or another object with getItem, setItem and removeItem', storage)
}

/** Parses an entry. Undefined if it is malformed: other scripts of the same origin may write anything. */
function read(text: unknown): Resumable | undefined {
  if (typeof text !== 'string') return undefined
  const { session, secret, state } = (JSON.parse(text) ?? {}) as Record<string, unknown>
  if (typeof session !== 'string' || session === '' || session.length > maxNameBytes) return undefined
  if (!Array.isArray(secret) || secret.length > maxSecretBytes) return undefined
  const features = Feature.FreshCaller | (state === 'left' ? 0 : Feature.UnlessLinked)
  return { id: session, resumeSecret: Uint8Array.from(secret), features }
}
