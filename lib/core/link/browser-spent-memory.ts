// Replaces spent-memory.ts in the bundle for browsers, where no memory is lent.
import type * as full from './spent-memory.ts'

export const returnsOver: typeof full.returnsOver = () => false

export class SpentMemory implements Pick<full.SpentMemory, keyof full.SpentMemory> {
  readonly isEmpty = true

  add(): void {
    // Nothing is returned.
  }

  release(): void {
    // Nothing waits to be returned.
  }
}
