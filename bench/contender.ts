// What the benchmark needs of a system that it measures: a server, a client, and the operations that both can do.

/** What travels in a cell of the table. */
export type CellName = 'small' | 'rows' | 'mix' | 'bytes' | 'stream'

export interface Contender {
  readonly name: string
  readonly cells: readonly CellName[]
  /** Serves on a free port of loopback. */
  serve(): Promise<RunningServer>
  connect(port: number): Promise<RunningClient>
}

export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

export interface RunningClient {
  /** One call that gives the value back. */
  echo(value: unknown): PromiseLike<unknown>
  /** Streams this many small items from the server; resolves with how many came. */
  stream?(count: number): Promise<number>
  close(): Promise<void>
}
