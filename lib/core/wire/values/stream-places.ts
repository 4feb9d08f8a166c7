// Where the streams in a value go while it is encoded: what takes them out, and gives a number for each.

/** Where the streams in a value go. */
export interface StreamPlaces {
  /** The number that stands for it in the value, or why it cannot travel. */
  place(source: AsyncIterable<unknown>): number | string
}
