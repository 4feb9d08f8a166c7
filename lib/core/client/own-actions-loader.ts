// Loads what runs a client's own actions where that is a file of its own: see scripts/browser-bundle.ts.
import type * as ownActions from './own-actions.ts'

export const loadOwnActions = (): Promise<typeof ownActions> => import('./own-actions.ts')
