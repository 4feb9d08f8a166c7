// Makes room among the running calls when an address with less than a fair share is rejected. Disconnected sessions go first,
// with all of their calls, since nobody waits for these. Then single calls of connected clients: the newest of the address with
// the most, down to its share. Their signals abort, and they count until they end.
import type { Accounting } from '../accounting/accounting.ts'
import type { Holder } from '../accounting/holders.ts'
import type { Clock } from '../base/clock.ts'
import { BusyError } from '../base/errors.ts'
import type { Leases } from './leases.ts'
import type { ServerSession } from './server-session.ts'

/** The minimum interval, because it looks at all sessions. */
const betweenMs = 20
/** The most calls ended in one go: most handlers end within the same turn of the event loop. */
const mostEnded = 128
/** The interval after nothing was found, mostly because handlers ignore their signals. */
const afterNothingMs = 500

export interface CallRoomOptions {
  readonly clock: Clock
  readonly accounting: Pick<Accounting, 'shed'>
  readonly leases: Pick<Leases, 'oldestOfMostRunning'>
  /** All kept sessions. */
  readonly sessions: { values(): Iterable<ServerSession> }
}

export class RoomForCalls {
  readonly #options: CallRoomOptions
  #againAtMs = 0

  constructor(options: CallRoomOptions) {
    this.#options = options
  }

  /** Ends some calls of an address with more than this share. */
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

/** False: all calls above the share have been ended before. */
function endNewest(sessions: readonly ServerSession[], share: number): boolean {
  const going = sessions.flatMap(({ core: { asked } }) =>
    asked === undefined ? [] : asked.calls.going.map((call) => ({ ledger: asked, call })),
  )
  // The other running calls were ended before: their handlers may use their grace period.
  const excess = going.length - Math.floor(share)
  if (excess <= 0) return false
  going.sort((one, other) => other.call.admittedAtMs - one.call.admittedAtMs)
  const reason = tooMany()
  for (const { ledger, call } of going.slice(0, Math.min(excess, mostEnded))) ledger.giveUp(call, reason)
  return true
}

function tooMany(): BusyError {
  const message =
    'the server is running as many calls as it may, and this address has more than its share: this call was ended to make room'
  return new BusyError(message, { notStarted: false })
}
