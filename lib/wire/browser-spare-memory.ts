// What spare-memory.ts is where no link can tell when its bytes have left: nothing is lent. The bundle for browsers has it in
// that one's place.
import type * as full from './spare-memory.ts'

export const lendCopy: typeof full.lendCopy = (bytes) => new Uint8Array(bytes)

export const takeBack: typeof full.takeBack = () => undefined

export const isLent: typeof full.isLent = () => false

export const spareBytes: typeof full.spareBytes = () => 0
