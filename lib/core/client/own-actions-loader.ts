// Loads the code that runs a client's own actions, if it is a separate chunk: see scripts/browser-bundle.ts.
import type * as ownActions from './own-actions.ts'

export const loadOwnActions = (): Promise<typeof ownActions> => import('./own-actions.ts')
