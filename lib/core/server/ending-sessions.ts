// `server.endSessions`: ends the sessions of an identity, which the program must name.
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { invalidOption } from '../base/options.ts'
import type { ServerSession } from './server-session.ts'

/** Options of `server.endSessions`. */
export interface EndSessionsOptions {
  /** The `id` of an identity, as guards gave it. */
  readonly identity: string
  /** The reason that their clients get. Default: that no reason was given. */
  readonly reason?: string | undefined
}

const endSessionsOptions: OptionTable<EndSessionsOptions> = { identity: 'protects', reason: 'any' }

/** Returns their number. Throws ClientError (`INVALID_OPTION`). */
export function endSessions(sessions: readonly ServerSession[], options: EndSessionsOptions): number {
  checkOptions('endSessions', options, endSessionsOptions)
  const { identity, reason } = options
  // An id missing by mistake must not select the sessions without an identity.
  if (typeof identity !== 'string') throw invalidOption('identity', 'the id of an identity', identity)
  const theirs = sessions.filter((session) => session.identity?.id === identity)
  for (const session of theirs) session.end(reason)
  return theirs.length
}
