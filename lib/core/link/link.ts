// What a physical connection must be able to do: bytes out, bytes in, and one end. Everything above (frames,
// heartbeat, sessions) is the same over each of them.

/** Who is at the other end, as far as the link itself can tell. */
export interface Peer {
  readonly transport: 'tcp' | 'tls' | 'unix' | 'memory' | 'websocket' | 'http'
  /** For people and logs: '127.0.0.1:52100', a path, a name. */
  readonly description: string
  /** The IP address, where there is one. */
  readonly address?: string
  /** Nobody on the way can read or change the bytes: TLS, or the same machine. */
  readonly isPrivate: boolean
  /** The subject of a client certificate that the server's authorities vouch for. */
  readonly certificate?: PeerCertificate
}

export interface PeerCertificate {
  readonly commonName: string
  /** SHA-256, colon-separated hex. */
  readonly fingerprint: string
  /** All fields of the subject. */
  readonly subject: Readonly<Record<string, string>>
}

/** What a link tells its user. After `onEnd` nothing more comes. */
export interface LinkHandler {
  onBytes(chunk: Uint8Array): void
  /** Taken again after a write that answered false. */
  onDrain(): void
  /** `error` undefined: the peer ended it in order, and `isGone`: because the page was left that it was of. */
  onEnd(error: Error | undefined, isGone?: boolean): void
}

export interface Link {
  readonly peer: Peer
  /** Begins to deliver. Called once. */
  open(handler: LinkHandler): void
  /** Hands the chunks over, in order; they are the link's from now on. False: rather wait for `onDrain`. */
  write(chunks: readonly Uint8Array[]): boolean
  /** Nothing of what was written is held here any more. Undefined: it cannot tell. */
  readonly isDrained?: () => boolean
  /** Delivers nothing more for now, as far as it can; whoever writes at the other end notices. Undefined: it cannot. */
  readonly pause?: () => void
  readonly resume?: () => void
  /** Ends it: after what was written ('flush'), or at once ('abort'). Safe to call twice. Settles when it is released. */
  close(how: 'flush' | 'abort'): Promise<void>
  /** Whether this link alone keeps the process running. */
  keepProcessAlive(keep: boolean): void
}
