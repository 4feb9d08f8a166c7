// Receives the streams in a value while it is encoded, and gives each a number.

/** Receives the streams in a value. */
export interface StreamPlaces {
  /** The number that replaces the stream in the value, or the reason why it cannot be sent. */
  place(source: AsyncIterable<unknown>): number | string
}
