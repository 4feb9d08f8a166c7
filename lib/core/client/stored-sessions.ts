// Keeps what resumes a client's session in a storage that outlives the client, so that the page that is loaded next continues
// in it: an entry for each address. Which session is asked for when is session-home.ts.
//
//   open ──> left      open: its client may live, so it is resumed only where it has no link: a duplicated tab has a copy
//     ╰───> removed    left: the page says that it is gone. Removed: the client was closed
import type { Logger } from '../base/log.ts'
import { invalidOption } from '../base/options.ts'
import { type Address, formatAddress } from '../link/address.ts'
import type { SessionGrant } from '../session/session-grant.ts'
import { Feature, maxNameBytes } from '../wire/frames/frame.ts'

/** What `sessionStorage` is: any object with these three. */
export interface ResumeStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** What HELLO says of the session that it asks for. */
export interface Resumable {
  readonly id: string
  readonly resumeSecret: Uint8Array
  /** Bits of `Feature`. */
  readonly features: number
}

export interface StoredSessionsOptions {
  /** Or a function that gives it: a browser that has it switched off throws at the very name. */
  readonly storage: ResumeStorage | (() => ResumeStorage)
  readonly addresses: readonly Address[]
  readonly log: Logger
  readonly onExit: ((tell: () => void) => () => void) | undefined
}

const keyBegin = 'isock.session '
/** As HELLO takes it. */
const maxSecretBytes = 64

export class StoredSessions {
  readonly #options: StoredSessionsOptions
  readonly #found = new Map<string, Resumable>()
  /** What the client has itself, by key. */
  #kept: { readonly key: string; readonly grant: SessionGrant } | undefined
  #stop: (() => void) | undefined
  #hasFailed = false

  /** Throws ClientError (`INVALID_OPTION`) for what is no storage; what a storage throws is logged. */
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

  /** What a former client has left for this address, until something was asked for there. */
  find(address: Address): Resumable | undefined {
    return this.#found.get(keyOf(address))
  }

  /** The address of which something was found. */
  get address(): Address | undefined {
    return this.#found.size === 0 ? undefined : this.#options.addresses.find((each) => this.find(each) !== undefined)
  }

  /** What was found there has been asked for, and granted or not. */
  used(address: Address): void {
    this.#found.delete(keyOf(address))
  }

  /** The client has this session. */
  keep(address: Address, grant: SessionGrant): void {
    const former = this.#kept
    const key = keyOf(address)
    if (former !== undefined && former.key !== key) this.#use((storage) => storage.removeItem(former.key))
    this.#kept = { key, grant }
    this.#write('open')
    this.#stop ??= this.#options.onExit?.(() => this.#write('left'))
  }

  /** The session is over with its client, unless that has another one by now. */
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

  /** A storage that is full or forbidden costs the next page its session, and this one nothing. */
  #use(work: (storage: ResumeStorage) => void): void {
    const { storage, log } = this.#options
    try {
      work(typeof storage === 'function' ? storage() : storage)
    } catch (error) {
      if (!this.#hasFailed) log.warn({ error }, 'the storage of option resume failed; the session is not kept in it')
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

/** Nothing where it was not written here: others of the same origin may write what they like. */
function read(text: unknown): Resumable | undefined {
  if (typeof text !== 'string') return undefined
  const { session, secret, state } = (JSON.parse(text) ?? {}) as Record<string, unknown>
  if (typeof session !== 'string' || session === '' || session.length > maxNameBytes) return undefined
  if (!Array.isArray(secret) || secret.length > maxSecretBytes) return undefined
  const features = Feature.FreshCaller | (state === 'left' ? 0 : Feature.UnlessLinked)
  return { id: session, resumeSecret: Uint8Array.from(secret), features }
}
