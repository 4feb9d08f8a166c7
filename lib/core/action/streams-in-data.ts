// The streams that a program puts into the data of a call, beside plain values: collected while the data is encoded, with a
// number in the place of each.
import { maxInputs } from '../wire/frames/frame.ts'
import type { StreamPlaces } from '../wire/values/stream-places.ts'

export class StreamsInData implements StreamPlaces {
  #sources: AsyncIterable<unknown>[] | undefined

  place(source: AsyncIterable<unknown>): number | string {
    this.#sources ??= []
    if (this.#sources.includes(source)) return 'the same stream is in the data twice'
    if (this.#sources.length === maxInputs) return `a call takes at most ${maxInputs} streams`
    return this.#sources.push(source) - 1
  }

  /** The streams of the last encoded value, by their numbers; undefined: there were none. */
  take(): AsyncIterable<unknown>[] | undefined {
    const sources = this.#sources
    this.#sources = undefined
    return sources
  }
}
