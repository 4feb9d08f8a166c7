// Pages of the sessions that a server has in memory and its store has recorded, as one list in the order of ids.
import { BusyError } from '../../core/base/errors.ts'
import { calendarNow } from '../../core/base/platform-timers.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { PageAfter, RecordedSession } from '../../core/server/recorded-sessions.ts'
import type { ServerSession } from '../../core/server/server-session.ts'
import type { ListedSession, SessionPage } from './inspection-actions.ts'
import { keptInMemory } from './kept-in-memory.ts'

/** On the server's clock. */
export interface SessionTimes {
  readonly openedAtMs: number
  /** undefined: it has a link. */
  readonly cutAtMs: number | undefined
}

/** Digits of an id that operators see. */
export const shownDigits = 16
const shownNodeDigits = 8
/** Greater than all hexadecimal digits. */
const pastDigits = 'g'

/** What is known of one session; at least one of both. */
interface Known {
  readonly here: ServerSession | undefined
  readonly recorded: RecordedSession | undefined
}

export class SessionPages {
  readonly #kit: ServerKit
  readonly #timesOf: (session: ServerSession) => SessionTimes | undefined

  constructor(kit: ServerKit, timesOf: (session: ServerSession) => SessionTimes | undefined) {
    this.#kit = kit
    this.#timesOf = timesOf
  }

  /** `after`: the first digits of an id; all that begin with them are left out. Throws BusyError if the store cannot be read. */
  async read({ after, limit }: PageAfter<string>): Promise<SessionPage> {
    const recording = this.#kit.sharedStore?.recordedSessions?.()
    // One more than asked for says whether there are more.
    const page = { after: after === '' ? '' : after + pastDigits, limit: limit + 1 }
    const recorded = (await recording?.list(page).catch(refuse)) ?? []
    const known = new Map<string, Known>()
    for (const session of firstOf(this.#kit.sessions, page))
      known.set(session.id, { here: session, recorded: undefined })
    for (const row of recorded) known.set(row.id, { here: known.get(row.id)?.here, recorded: row })
    const ids = [...known.keys()].sort()
    const shown = ids.slice(0, limit)
    const last = shown.at(-1)
    return {
      sessions: shown.map((id) => this.#listed(id, known.get(id) as Known, recording?.node)),
      ...(ids.length > limit && last !== undefined ? { next: last.slice(0, shownDigits) } : {}),
      isRecording: recording !== undefined,
      ...(recording === undefined ? {} : { node: recording.node.slice(0, shownNodeDigits) }),
    }
  }

  #listed(id: string, { here, recorded }: Known, ownNode: string | undefined): ListedSession {
    const place = placeOf(here, recorded, ownNode)
    const isHere = here !== undefined && (place === 'connected' || place === 'away')
    const { identity = here?.identity?.id, node, generation } = recorded ?? {}
    const { ageMs, awayMs } = this.#ages(here, recorded, place)
    const name = isHere ? here.name : undefined
    const kept = recorded ?? keptInMemory(here)
    return {
      id: id.slice(0, shownDigits),
      place,
      isRecorded: recorded !== undefined,
      ...(identity === undefined ? {} : { identity }),
      ...(name === undefined ? {} : { name }),
      ...(node === undefined ? {} : { node: node.slice(0, shownNodeDigits) }),
      ...(generation === undefined ? {} : { generation }),
      ...(ageMs === undefined ? {} : { ageMs }),
      ...(awayMs === undefined ? {} : { awayMs }),
      running: isHere ? here.core.runningCount : 0,
      answers: kept.answers,
      bytes: kept.bytes,
    }
  }

  #ages(
    here: ServerSession | undefined,
    recorded: RecordedSession | undefined,
    place: ListedSession['place'],
  ): { readonly ageMs?: number | undefined; readonly awayMs?: number | undefined } {
    const { clock } = this.#kit
    const wallMs = clock.wallNow?.() ?? calendarNow()
    const times = here && this.#timesOf(here)
    const ageMs = recorded === undefined ? since(clock.now(), times?.openedAtMs) : since(wallMs, recorded.generation)
    if (place === 'connected') return { ageMs }
    return { ageMs, awayMs: place === 'away' ? since(clock.now(), times?.cutAtMs) : since(wallMs, recorded?.cutAtMs) }
  }
}

/** Another server may have adopted a session that is still in memory here: the store is right. */
function placeOf(
  here: ServerSession | undefined,
  recorded: RecordedSession | undefined,
  ownNode: string | undefined,
): ListedSession['place'] {
  if (recorded !== undefined && recorded.node !== ownNode) return recorded.isNodeAlive ? 'elsewhere' : 'stored'
  if (here === undefined) return 'stored'
  return here.isConnected ? 'connected' : 'away'
}

function since(nowMs: number, thenMs: number | undefined): number | undefined {
  return thenMs === undefined ? undefined : Math.max(0, Math.round(nowMs - thenMs))
}

/** Those with the lowest ids after the page's begin, in their order: without sorting all of them. */
function firstOf(sessions: readonly ServerSession[], { after, limit }: PageAfter<string>): ServerSession[] {
  const first: ServerSession[] = []
  for (const session of sessions) {
    const last = first.at(-1)
    if (session.id <= after || (first.length === limit && last !== undefined && session.id > last.id)) continue
    let at = first.length
    while (at > 0 && (first[at - 1] as ServerSession).id > session.id) at--
    first.splice(at, 0, session)
    if (first.length > limit) first.pop()
  }
  return first
}

export function refuse(error: unknown): never {
  throw new BusyError(`the store of sessions did not answer: ${error instanceof Error ? error.message : String(error)}`)
}
