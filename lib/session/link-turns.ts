// Who writes first when a link that was full takes more: streams and what is not a stream by turns, and of the streams the
// one behind the last that filled it. The first in a table would else keep all others waiting for as long as it has items.

export class LinkTurns {
  readonly #isWritable: () => boolean
  #next = 0
  #areStreamsFirst = false

  constructor(isWritable: () => boolean) {
    this.#isWritable = isWritable
  }

  /**
   * `sendOthers` sends what is not a stream; `pump` sends what an entry's stream has, and says whether it has one. Both stop
   * when the link is full.
   */
  take<Entry>(entries: readonly Entry[], pump: (entry: Entry) => boolean, sendOthers: () => void): void {
    this.#areStreamsFirst = !this.#areStreamsFirst
    if (!this.#areStreamsFirst) sendOthers()
    this.#pumpAll(entries, pump)
    if (this.#areStreamsFirst) sendOthers()
  }

  #pumpAll<Entry>(entries: readonly Entry[], pump: (entry: Entry) => boolean): void {
    if (!this.#isWritable()) return
    const { length } = entries
    let index = this.#next
    for (let i = 0; i < length; i++) {
      if (index >= length) index = 0
      // Most have no stream: those cost no more than a look.
      if (!pump(entries[index++] as Entry)) continue
      this.#next = index
      if (!this.#isWritable()) return
    }
  }
}
