// How servers of one store learn from each other soon that it has changed. Hints may be late, double or lost. Types only: the engine of data
// provides them.

export interface StoreHints {
  /** Sends a text of less than 7 900 bytes to all servers of the store, this one included. Never rejects. */
  send(text: string): Promise<void>
  /** Calls `onHint` with each text that a server sends; without one when something has changed. */
  listen(onHint: (text?: string) => void): void
  /** Never rejects. */
  close(): Promise<void>
}
