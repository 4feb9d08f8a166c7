// Loads the callee's half of a session where that is a file of its own: see scripts/browser-bundle.ts.
import type * as ledger from './ledger.ts'

export const loadLedger = (): Promise<typeof ledger> => import('./ledger.ts')
