// The secrets that resume sessions. Cut from larger pieces of random memory: an array buffer for each would take more memory
// than the secret itself.
import { randomBytes } from 'node:crypto'

/** Too long to guess. */
const secretBytes = 32
const secretsInPiece = 32

export class Secrets {
  #piece: Uint8Array = new Uint8Array(0)
  #at = 0

  next(): Uint8Array {
    if (this.#at === this.#piece.length) {
      this.#piece = randomBytes(secretBytes * secretsInPiece)
      this.#at = 0
    }
    this.#at += secretBytes
    return this.#piece.subarray(this.#at - secretBytes, this.#at)
  }
}
