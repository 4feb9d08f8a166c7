// Who writes first when a link that was full takes more: streams and what is not a stream by turns, and of the streams the
// one behind the last that filled it. The first in a table would else keep all others waiting for as long as it has items.

export interface WaitingWriter {
  /** Sends what is not a stream. Stops when the link is full. */
  sendWaiting(): void
}

export class LinkTurns {
  readonly #port: { readonly isWritable: boolean }
  #next = 0
  #areStreamsFirst = false

  constructor(port: { readonly isWritable: boolean }) {
    this.#port = port
  }

  /** `pump` sends what an entry's stream has, and says whether it has one. It stops when the link is full. */
  take<Entry, Writer extends WaitingWriter>(
    entries: readonly Entry[],
    pump: (entry: Entry, writer: Writer) => boolean,
    writer: Writer,
  ): void {
    this.#areStreamsFirst = !this.#areStreamsFirst
    if (!this.#areStreamsFirst) writer.sendWaiting()
    this.#pumpAll(entries, pump, writer)
    if (this.#areStreamsFirst) writer.sendWaiting()
  }

  #pumpAll<Entry, Writer>(
    entries: readonly Entry[],
    pump: (entry: Entry, writer: Writer) => boolean,
    writer: Writer,
  ): void {
    if (!this.#port.isWritable) return
    const { length } = entries
    let index = this.#next
    for (let i = 0; i < length; i++) {
      if (index >= length) index = 0
      // Most have no stream: those cost no more than a look.
      if (!pump(entries[index++] as Entry, writer)) continue
      this.#next = index
      if (!this.#port.isWritable) return
    }
  }
}
