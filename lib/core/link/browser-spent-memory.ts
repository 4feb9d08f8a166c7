// What spent-memory.ts is where nothing is lent. The bundle for browsers has it in that one's place.
import type * as full from './spent-memory.ts'

export const returnsOver: typeof full.returnsOver = () => false

export class SpentMemory implements Pick<full.SpentMemory, keyof full.SpentMemory> {
  readonly isEmpty = true

  add(): void {
    // Nothing comes back.
  }

  allWritten(): void {
    // Nothing waits for this.
  }
}
