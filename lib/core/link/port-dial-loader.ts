// Loads what dials message ports, if it is a separate chunk: see scripts/browser-bundle.ts.
import type * as portDial from './port-dial.ts'

export const loadPortDial = (): Promise<typeof portDial> => import('./port-dial.ts')
