// Loads the callee's half of a session, if it is a separate chunk: see scripts/browser-bundle.ts.
import type * as ledger from './ledger.ts'

export const loadLedger = (): Promise<typeof ledger> => import('./ledger.ts')
