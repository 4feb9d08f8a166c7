// Pages of the calls of one session: those that its server has in memory and those that the store has recorded, in the order of slots.
import { ServerError } from '../../core/base/errors.ts'
import { calendarNow } from '../../core/base/platform-timers.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { RecordedCall, RecordedSessions } from '../../core/server/recorded-sessions.ts'
import { type AnswerPage, type AnswersAsked, badRequest, type ListedAnswer } from './inspection-actions.ts'
import { callsInMemory } from './kept-in-memory.ts'
import { refuse, shownDigits } from './session-pages.ts'

export class CallPages {
  readonly #kit: ServerKit

  constructor(kit: ServerKit) {
    this.#kit = kit
  }

  /** Throws ServerError: `UNKNOWN_SESSION`; `BAD_REQUEST` for digits of several. BusyError if the store cannot be read. */
  async read({ session: prefix, after, limit }: AnswersAsked): Promise<AnswerPage> {
    const { clock, sharedStore } = this.#kit
    const recording = sharedStore?.recordedSessions?.()
    const id = await this.#idOf(prefix, recording)
    const wallMs = clock.wallNow?.() ?? calendarNow()
    // One more than asked for says whether there are more.
    const rows = (await recording?.calls(id, { after, limit: limit + 1 }).catch(refuse)) ?? []
    const recorded = rows.map((row) => listedRow(row, wallMs))
    const seqs = new Set(recorded.map(({ seq }) => seq))
    // Beyond the last row that was read, the store may have rows of the calls in memory.
    const lastSlot = rows.length > limit ? (rows.at(-1) as RecordedCall).slot : Number.POSITIVE_INFINITY
    const running = callsInMemory(this.#kit.findSession(id), after, clock.now())
    const others = running.filter(({ seq, slot }) => !seqs.has(seq) && slot <= lastSlot)
    const all = [...recorded, ...others].sort((a, b) => a.slot - b.slot || a.seq - b.seq)
    const answers = wholeSlots(all, limit)
    const last = answers.at(-1)
    const hasMore = answers.length < all.length
    return {
      session: id.slice(0, shownDigits),
      answers,
      ...(hasMore && last !== undefined ? { next: last.slot } : {}),
    }
  }

  async #idOf(prefix: string, recording: RecordedSessions | undefined): Promise<string> {
    const ids = new Set(await recording?.idsOf(prefix).catch(refuse))
    for (const { id } of this.#kit.sessions) if (id.startsWith(prefix)) ids.add(id)
    const [id] = ids
    if (id === undefined)
      throw new ServerError(`no session begins with "${prefix}", here or in the store`, {
        code: 'UNKNOWN_SESSION',
        notStarted: true,
      })
    if (ids.size > 1) throw badRequest(`several sessions begin with "${prefix}"; give more digits`)
    return id
  }
}

/** A call in memory and an earlier one that is recorded may share a slot: a page has both, or none. */
function wholeSlots(all: readonly ListedAnswer[], limit: number): readonly ListedAnswer[] {
  if (all.length <= limit) return all
  const { slot } = all[limit] as ListedAnswer
  const whole = all.slice(0, limit).filter((answer) => answer.slot !== slot)
  return whole.length > 0 ? whole : all.filter((answer) => answer.slot === slot)
}

function listedRow({ seq, slot, action, state, outcome, bytes, atMs }: RecordedCall, wallMs: number): ListedAnswer {
  return {
    seq,
    slot,
    action,
    state,
    ...(outcome === undefined ? {} : { outcome }),
    bytes,
    where: 'store',
    ...(atMs === undefined ? {} : { ageMs: Math.max(0, Math.round(wallMs - atMs)) }),
  }
}
