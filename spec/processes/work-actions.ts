// What the servers of the process specs do.
import { Action } from '../../lib/index.ts'

export class Work extends Action<{ name: string; takesMs: number }, string> {}
export class Sessions extends Action<undefined, number> {}
