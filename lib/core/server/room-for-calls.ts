// Room among the running calls, when an address with less than a fair share of them is refused. What
// runs for those who are away goes first: a session with all of its calls, since nobody waits there. Then single calls of those who
// are connected: the newest of the address with most, down to its share. Their signals abort, and they count until they end.
import type { Accounting } from '../accounting/accounting.ts'
import type { Holder } from '../accounting/holders.ts'
import type { Clock } from '../base/clock.ts'
import { BusyError } from '../base/errors.ts'
import type { Leases } from './leases.ts'
import type { ServerSession } from './server-session.ts'

/** Looks at all sessions, so it is not done more often. */
const betweenMs = 20
/** Calls that are ended at once: most handlers do so within the same turn of the event loop. */
const mostEnded = 128
/** Where nothing was found, mostly since handlers ignore their signals. */
const afterNothingMs = 500

export interface CallRoomOptions {
  readonly clock: Clock
  readonly accounting: Pick<Accounting, 'shed'>
  readonly leases: Pick<Leases, 'oldestOfMostRunning'>
  /** All that are kept. */
  readonly sessions: { values(): Iterable<ServerSession> }
}

export class RoomForCalls {
  readonly #options: CallRoomOptions
  #againAtMs = 0

  constructor(options: CallRoomOptions) {
    this.#options = options
  }

  /** Ends some of what runs for an address with more than this share. */
  make(share: number): void {
    const { clock } = this.#options
    const nowMs = clock.now()
    if (nowMs < this.#againAtMs) return
    this.#againAtMs = nowMs + (this.#endAway(share) || this.#endNewest(share) ? betweenMs : afterNothingMs)
  }

  #endAway(share: number): boolean {
    const { leases, accounting } = this.#options
    const session = leases.oldestOfMostRunning(share)
    if (session?.account === undefined) return false
    accounting.shed(session.account)
    return true
  }

  #endNewest(share: number): boolean {
    return this.#mostFirst(share).some((sessions) => endNewest(sessions, share))
  }

  /** The sessions of each address with more than a share. */
  #mostFirst(share: number): ServerSession[][] {
    const found = new Map<Holder, ServerSession[]>()
    for (const session of this.#options.sessions.values()) {
      const { holder } = session
      if (holder.running <= share) continue
      const known = found.get(holder)
      if (known === undefined) found.set(holder, [session])
      else known.push(session)
    }
    return [...found].sort(([one], [other]) => other.running - one.running).map(([, sessions]) => sessions)
  }
}

/** False: all that are above the share were ended before. */
function endNewest(sessions: readonly ServerSession[], share: number): boolean {
  const going = sessions.flatMap(({ core: { asked } }) =>
    asked === undefined ? [] : asked.calls.going.map((call) => ({ ledger: asked, call })),
  )
  // Of all that run, the others were ended before: their handlers may take the grace that they have.
  const excess = going.length - Math.floor(share)
  if (excess <= 0) return false
  going.sort((one, other) => other.call.admittedAtMs - one.call.admittedAtMs)
  const reason = tooMany()
  for (const { ledger, call } of going.slice(0, Math.min(excess, mostEnded))) ledger.giveUp(call, reason)
  return true
}

function tooMany(): BusyError {
  const message =
    'as many calls run at this server as may, and more than their share of them come from one address: this one was ended for others'
  return new BusyError(message, { notStarted: false })
}
