// What a client needs from its platform: Node, a browser, or the inside of a server. The client itself imports no module of
// Node, so that it runs on each.
import type { ReadSecret } from '../base/token.ts'
import type { Address } from '../link/address.ts'
import type { DialTls } from '../link/dial-tls.ts'
import type { Link } from '../link/link.ts'
import type { MemoryNetwork } from '../link/memory-network.ts'

/** Opens one link. Rejects with an error, or with the signal's reason. */
export type Dial = (address: Address, signal: AbortSignal) => Promise<Link>

/** Options for opening links. */
export interface DialOptions {
  /** For 'tls://' and 'wss://' addresses: the trusted certificates, and the client's own. */
  readonly tls?: DialTls | undefined
  /** For 'memory:' addresses. */
  readonly network?: MemoryNetwork | undefined
}

export interface ClientPlatform {
  /** The environment variables, for ISOCK_TOKEN. Empty without an environment, or if it belongs to another program. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Reads a token file. Throws if the platform has no files. */
  readonly readSecret: ReadSecret
  /**
   * Parses an address. `bare` is the transport of an address without a scheme, `port` a port that is given separately.
   * Throws ClientError (`INVALID_OPTION`).
   */
  readAddress(address: unknown, bare: 'tcp' | 'tls', port?: number): Address
  /** What a client without credentials is missing, for the error of a server that asks for some. Default: nothing is said. */
  readonly credentialHint?: string | undefined
  /** Returns the function that dials these addresses. Throws ClientError (`INVALID_OPTION`). */
  dialer(options: DialOptions, addresses: readonly Address[]): Dial
  /** Calls `notify` whenever the network may have changed or the device has slept. Returns a function that stops it. */
  onWakeUp?(notify: () => void): () => void
  /** Reports errors of handlers and of the client's own actions if no log is given. Default: the console. */
  readonly reportError?: ((error: unknown) => void) | undefined
  /** Calls `notify` when the process exits normally. What it writes synchronously is still sent. Returns a function that stops it. */
  onExit?(notify: () => void): () => void
}
