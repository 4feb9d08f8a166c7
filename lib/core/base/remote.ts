// The origin of an error sent by the other side of a call. Distinguishes a program's own faults from a server's.

/** Where an error came from. */
export interface Remote {
  /** The wire name of the action. */
  readonly action: string
  /** The address of the other side, as in `tcp://127.0.0.1:4440`. */
  readonly address: string
  /** Identifies the call in the other side's log, as `errorId`. */
  readonly errorId: string
}

/**
 * Where an error of any class came from; undefined for one created here.
 *
 * @example catch (error) { console.error(remoteOf(error)?.action, error) }
 */
export function remoteOf(error: unknown): Remote | undefined {
  return error instanceof Error ? (error as { readonly remote?: Remote }).remote : undefined
}

/** Sets what {@link remoteOf} returns. */
export function setRemote(error: Error, remote: Remote): void {
  Object.defineProperty(error, 'remote', { value: remote, configurable: true, writable: true })
}

/** The id of a call in the log of the side that runs it: the session's first characters and the call's number. */
export function errorIdOf(sessionId: string, callId: number): string {
  return `${sessionId.slice(0, 8)}-${callId}`
}
