// spare-memory.ts for platforms where no link knows when its bytes have left: lends nothing. Replaces it in the bundle for
// browsers.
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
