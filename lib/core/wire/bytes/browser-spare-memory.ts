// What spare-memory.ts is where no link can tell when its bytes have left: nothing is lent. The bundle for browsers has it in
// that one's place.
import type * as full from './spare-memory.ts'

export class SpareMemory implements Pick<full.SpareMemory, keyof full.SpareMemory> {
  readonly keptBytes = 0

  lendCopy(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(bytes)
  }

  takeBack(): void {
    // Nothing was lent.
  }
}

export const takeBack: typeof full.takeBack = () => undefined

export const isLent: typeof full.isLent = () => false
