// What a client needs of the place where it runs: Node, a browser, or the inside of a server. The client itself names
// no module of Node, so each place brings its own.
import type { ReadSecret } from '../base/token.ts'
import type { Address } from '../link/address.ts'
import type { DialTls } from '../link/dial.ts'
import type { Link } from '../link/link.ts'
import type { MemoryNetwork } from '../link/memory-network.ts'

/** Opens one link. Rejects with an error, or with the signal's reason. */
export type Dial = (address: Address, signal: AbortSignal) => Promise<Link>

/** What matters for how links are opened. */
export interface DialOptions {
  /** For 'tls://' and 'wss://' addresses: what to trust, and the certificate to show. */
  readonly tls?: DialTls
  /** For 'memory:' addresses. */
  readonly network?: MemoryNetwork
}

export interface ClientPlatform {
  /** Where ISOCK_TOKEN may stand; empty where there is no environment, or where it is somebody else's. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Reads a token's file; throws where there are no files. */
  readonly readSecret: ReadSecret
  /**
   * What an address means here that a program gave; `bare`: where it has no transport; `port`: where that was given by itself. Throws
   * ClientError (`INVALID_OPTION`).
   */
  readAddress(address: unknown, bare: 'tcp' | 'tls', port?: number): Address
  /** How these addresses are dialed, for a client of these options. Throws ClientError (`INVALID_OPTION`). */
  dialer(options: DialOptions, addresses: readonly Address[]): Dial
  /** Calls back whenever the network may be another one, or the place has slept, where it tells so; what it returns ends that. */
  onWakeUp?(tell: () => void): () => void
  /** Takes what handlers and own actions threw, where no log is given. Default: the console. */
  readonly reportError?: ((error: unknown) => void) | undefined
  /** Calls back when the process ends in order, while what is written synchronously still leaves; likewise. */
  onExit?(tell: () => void): () => void
}
