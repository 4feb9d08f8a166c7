// The contract of a physical connection: bytes out, bytes in, and one end. Everything above it (frames, heartbeat,
// sessions) is the same over every kind.

/** The other end, as far as the link itself knows it. */
export interface Peer {
  readonly transport: 'tcp' | 'tls' | 'unix' | 'memory' | 'websocket' | 'port' | 'http'
  /** For people and logs: '127.0.0.1:52100', a path, a name. */
  readonly description: string
  /** The IP address, if there is one. */
  readonly address?: string
  /** Nobody in between can read or change the bytes: TLS, or the same machine. */
  readonly isPrivate: boolean
  /** The subject of a client certificate that the server's authorities have signed. */
  readonly certificate?: PeerCertificate
}

export interface PeerCertificate {
  readonly commonName: string
  /** SHA-256, colon-separated hex. */
  readonly fingerprint: string
  /** All fields of the subject. */
  readonly subject: Readonly<Record<string, string>>
}

/** The callbacks of a link. Nothing is called after `onEnd`. */
export interface LinkHandler {
  onBytes(chunk: Uint8Array): void
  /** Called when it accepts data again after a write that returned false. */
  onDrain(): void
  /** `error` undefined: the peer ended it gracefully; with `isGone`, because its page was left. */
  onEnd(error: Error | undefined, isGone?: boolean): void
}

export interface Link {
  readonly peer: Peer
  /** Starts to deliver. Called once. */
  open(handler: LinkHandler): void
  /** Writes the chunks in order and takes ownership of them. False: wait for `onDrain` before the next write. */
  write(chunks: readonly Uint8Array[]): boolean
  /** Whether nothing written is buffered here any more. undefined: it cannot know. */
  readonly isDrained?: () => boolean
  /** Pauses delivery as far as possible; the other end feels the backpressure. undefined: it cannot pause. */
  readonly pause?: () => void
  readonly resume?: () => void
  /** Ends it: after everything written ('flush'), or immediately ('abort'). Safe to call twice. Settles when it is released. */
  close(how: 'flush' | 'abort'): Promise<void>
  /** Whether this link alone keeps the process running. */
  keepProcessAlive(keep: boolean): void
}
