// The order of writers when a full link takes more again. Streams and everything else take turns; the first stream is the one after
// the last that filled the link. Otherwise the first in a table would delay all others for as long as it has items.

export interface WaitingWriter {
  /** Sends everything but streams. Stops when the link is full. */
  sendWaiting(): void
}

export class LinkTurns {
  readonly #port: { readonly isWritable: boolean }
  #next = 0
  #areStreamsFirst = false

  constructor(port: { readonly isWritable: boolean }) {
    this.#port = port
  }

  /** `pump` sends the items of an entry's stream and returns whether it has one. It stops when the link is full. */
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
      // Most entries have no stream, and cost one check only.
      if (!pump(entries[index++] as Entry, writer)) continue
      this.#next = index
      if (!this.#port.isWritable) return
    }
  }
}
