// What the benchmark needs of a system that it measures: a server, a client, and the operations that both can do.

/** What travels in the calls of a cell. */
export type ValueName = 'small' | 'rows' | 'people' | 'mix' | 'bytes' | 'buffer'

/** What the module of a contender exports as `contender`. */
export interface Contender {
  /** Serves on a free port of loopback. */
  serve(options: ServeOptions): Promise<RunningServer>
  /** Opens one link. */
  connect(port: number): Promise<RunningClient>
}

export interface ServeOptions {
  /** How many actions to register, where the contender does `echoBy`. */
  readonly actions: number
}

export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

export interface RunningClient {
  /** One call that gives the value back. */
  echo(value: unknown): PromiseLike<unknown>
  /** The same by the nth of the registered actions. */
  echoBy?(nth: number, value: unknown): PromiseLike<unknown>
  /** Streams this many items `{ id, name }` from the server, or of so many bytes; resolves with how many came. */
  stream?(count: number, itemBytes?: number): Promise<number>
  close(): Promise<void>
}
