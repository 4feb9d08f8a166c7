// The contract of a physical connection: bytes out, bytes in, and a single end. Everything above it (frames, heartbeat,
// sessions) is the same for every transport.

/** The other end, as far as the link itself knows it. */
export interface Peer {
  readonly transport: 'tcp' | 'tls' | 'unix' | 'memory' | 'websocket' | 'port' | 'http'
  /** For messages and logs: '127.0.0.1:52100', a path, a name. */
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
  /** The chunk may be memory that the next read overwrites: copy what is needed after this turn. */
  onBytes(chunk: Uint8Array): void
  /** Called when the link accepts data again after a write that returned false. */
  onDrain(): void
  /** Called once, without an error if the peer ended the link gracefully. `isGone`: it did so because its page was left. */
  onEnd(error: Error | undefined, isGone?: boolean): void
}

export interface Link {
  readonly peer: Peer
  /** Starts delivering to the handler. Called once. */
  open(handler: LinkHandler): void
  /** Writes the chunks in order and takes ownership of them. Returns false if the caller should wait for `onDrain`. */
  write(chunks: readonly Uint8Array[]): boolean
  /** How many of the bytes written have not left this process. Omitted by links that cannot know. */
  readonly unsentBytes?: () => number
  /** Pauses delivery as far as possible; the other end feels the backpressure. Omitted by links that cannot pause. */
  readonly pause?: () => void
  readonly resume?: () => void
  /** Ends the link after everything written ('flush') or immediately ('abort'). May be called twice. Settles when it is released. */
  close(how: 'flush' | 'abort'): Promise<void>
  /** Sets whether this link alone keeps the process running. */
  keepProcessAlive(keep: boolean): void
}
