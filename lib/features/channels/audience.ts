// The recipients of a message: all, some sessions, or all but some.
import type { PublishOptions } from '../../core/action/context.ts'
import { ServerError } from '../../core/base/errors.ts'
import type { LoggedMessage } from '../../core/server/message-logs.ts'

/** The recipients of a message, as session ids. Undefined means all. */
export interface Audience {
  readonly to: ReadonlySet<string> | undefined
  readonly except: ReadonlySet<string> | undefined
}

/** Reads the options of a publish. Throws ServerError (`UNKNOWN_SESSION`) if `to` names an unknown session. */
export function audienceOf(
  { to, except }: Pick<PublishOptions, 'to' | 'except'>,
  label: string,
  isSession: (id: string) => boolean,
): Audience | undefined {
  if (to === undefined && except === undefined) return undefined
  const audience = { to: to === undefined ? undefined : idsOf(to), except: idsOf(except ?? []) }
  for (const id of audience.to ?? []) {
    if (isSession(id)) continue
    const message = `publish to ${label}: unknown session "${id}"; it has ended, or this is not a session id`
    throw new ServerError(message, { code: 'UNKNOWN_SESSION' })
  }
  return audience
}

/** Whether a message is for this session, or for the former session of its client. */
export function isFor(audience: Audience | undefined, session: string, former?: string): boolean {
  if (audience === undefined) return true
  const { to, except } = audience
  if (to !== undefined && !to.has(session)) return false
  return except === undefined || !(except.has(session) || (former !== undefined && except.has(former)))
}

/** Whether a message is for a client's former session alone. */
export function isOnlyFor(audience: Audience | undefined, former: string, session: string): boolean {
  return audience?.to !== undefined && isFor(audience, former) && !audience.to.has(session)
}

/** The audience of a message in a log. */
export function audienceIn({ to, except }: Pick<LoggedMessage, 'to' | 'except'>): Audience | undefined {
  if (to === undefined && except === undefined) return undefined
  return { to: to === undefined ? undefined : new Set(to), except: new Set(except ?? []) }
}

function idsOf(ids: string | readonly string[]): ReadonlySet<string> {
  return new Set(typeof ids === 'string' ? [ids] : ids)
}
