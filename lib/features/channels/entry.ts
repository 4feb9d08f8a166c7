// Access control of a channel: checks whether a session may subscribe when a stream starts, and again with the current
// identity when its client reconnects.
import { isPromiseLike } from '../../core/action/item-source.ts'
import { IsockError, ServerError } from '../../core/base/errors.ts'
import { unlessAborted } from '../../core/base/followed-signals.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import type { AnyChannel } from './channel.ts'
import type { Ending } from './channel-actions.ts'

/** Asks the channel whether the session may subscribe, within the client's deadline. Rejects with `NOT_ALLOWED`, or with what the channel throws. */
export async function admit(
  channel: AnyChannel,
  label: string,
  session: ServerSession,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const verdict = channel.canSubscribe(session, key === '' ? undefined : key)
  const isAllowed = isPromiseLike(verdict) ? await unlessAborted(verdict, signal) : verdict
  if (isAllowed !== true) throw notAllowed('subscribe to', label)
}

/** The ending for a stream that is rejected when checked again, or undefined if it continues. Reports what the channel throws. */
export async function endingUnlessAdmitted(
  admission: Promise<void>,
  label: string,
  report: (error: unknown, origin: string) => void,
): Promise<Ending | undefined> {
  try {
    await admission
    return undefined
  } catch (error) {
    if (error instanceof IsockError) return { code: error.code, message: error.message }
    report(error, `canSubscribe of ${label}`)
    return { code: 'INTERNAL', message: `${label} could not check whether this client may continue` }
  }
}

/** What other clients see of a session, or undefined to hide it. An error of the channel is reported, and hides it too. */
export function infoOf(
  channel: AnyChannel,
  session: ServerSession,
  label: string,
  report: (error: unknown, origin: string) => void,
): unknown {
  try {
    return channel.presenceOf(session)
  } catch (error) {
    report(error, `presenceOf of ${label}`)
    return undefined
  }
}

export function notAllowed(what: string, label: string): ServerError {
  return new ServerError(`this client may not ${what} ${label}`, { code: 'NOT_ALLOWED' })
}

/** The error of a publish to a channel that has ended. */
export function errorOfEnding({ code, message }: Ending): ServerError {
  return new ServerError(message, { code: code as 'SHUTTING_DOWN' | 'UNKNOWN_CHANNEL' })
}
