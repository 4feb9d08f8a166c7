// The built-in actions by which operators see sessions and answers, and the check of what they ask for, which comes from peers.
import { Action, type AnyAction } from '../../core/action/action.ts'
import { Refused } from '../../core/action/refused.ts'
import type { Requires } from '../../core/action/requirement.ts'
import { IsockError, ServerError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import type { PageAfter } from '../../core/server/recorded-sessions.ts'

/** One session, as `isock.sessions` lists it. Times are in milliseconds. */
export interface ListedSession {
  /** The first 16 of the 32 digits of its id. */
  readonly id: string
  /**
   * connected, away: this server has it, with or without a link. elsewhere: another server of the store has it. stored: no running server
   * has it; the next one continues it when its client comes back.
   */
  readonly place: 'connected' | 'away' | 'elsewhere' | 'stored'
  /** It is recorded in the store, so that it outlives its server. */
  readonly isRecorded: boolean
  /** The id of its identity. */
  readonly identity?: string
  /** What its client calls itself. Known at the server that has it. */
  readonly name?: string
  /** The server process that has a recorded session: the first 8 digits of its name in the store. */
  readonly node?: string
  /** When it was recorded, in milliseconds since 1970, and one more for each server that has adopted it since. */
  readonly generation?: number
  /** Since it was recorded, or else opened. */
  readonly ageMs?: number
  /** Since it lost its link. */
  readonly awayMs?: number
  /** Its calls that run at this server. */
  readonly running: number
  /** Kept answers: of a recorded session those in the store, else those in memory. */
  readonly answers: number
  /** Bytes of these, with their items. */
  readonly bytes: number
}

/** A part of the list of sessions, in the order of ids. */
export interface SessionPage {
  readonly sessions: readonly ListedSession[]
  /** There are more: ask for those after this one. */
  readonly next?: string
  /** False: the server records no sessions, so these end with its process. */
  readonly isRecording: boolean
  /** This server process, as `node` of its sessions. */
  readonly node?: string
}

/** One call of a session, as `isock.answers` lists it: that it runs, or that its answer is kept. */
export interface ListedAnswer {
  /** The number of the call. */
  readonly seq: number
  /** Its place among the session's concurrent calls: the next call in it replaces this one. */
  readonly slot: number
  readonly action?: string
  /** started: it has no answer yet. unknown: its run was cut in the middle, or its answer had to make room. */
  readonly state: 'started' | 'answered' | 'unknown'
  readonly outcome?: 'value' | 'error' | 'not started'
  /** Bytes of the answer, with its items; 0: there is none, or its caller has it and it was dropped. */
  readonly bytes: number
  readonly where: 'memory' | 'store'
  /** Milliseconds since it arrived at the server's memory, or since the store recorded its start or answer. */
  readonly ageMs?: number
}

/** A part of the list of a session's calls, in the order of slots. */
export interface AnswerPage {
  /** The first 16 digits of the session's id. */
  readonly session: string
  readonly answers: readonly ListedAnswer[]
  /** There are more: ask for those after this slot. */
  readonly next?: number
}

/** What is asked for of one session. */
export interface AnswersAsked extends PageAfter<number> {
  readonly session: string
}

const defaultLimit = 100
const mostListed = 500
const prefixForm = /^[0-9a-f]{8,32}$/

export function listSessions(requires: Requires, read: (page: PageAfter<string>) => Promise<SessionPage>): AnyAction {
  return new (class ListSessions extends Action {
    static override actionName = 'isock.sessions'
    static override idempotent = true
    static override requires = requires

    override action(asked: unknown): Promise<SessionPage> {
      return refusing(() => {
        const { after, limit } = fieldsOf(asked, 'isock.sessions')
        return read({ after: after === undefined ? '' : prefixIn(after, 'after'), limit: limitIn(limit) })
      })
    }
  })()
}

export function listAnswers(requires: Requires, read: (asked: AnswersAsked) => Promise<AnswerPage>): AnyAction {
  return new (class ListAnswers extends Action {
    static override actionName = 'isock.answers'
    static override idempotent = true
    static override requires = requires

    override action(asked: unknown): Promise<AnswerPage> {
      return refusing(() => {
        const { session, after, limit } = fieldsOf(asked, 'isock.answers')
        return read({ session: prefixIn(session, 'session'), after: slotIn(after), limit: limitIn(limit) })
      })
    }
  })()
}

/** It changes nothing, so each of its refusals says that nothing was done. */
async function refusing<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw error instanceof IsockError && error.notStarted ? new Refused(error) : error
  }
}

function fieldsOf(asked: unknown, name: string): Readonly<Record<string, unknown>> {
  if (asked === undefined || asked === null) return {}
  if (typeof asked !== 'object' || Array.isArray(asked))
    throw badRequest(`${name} takes an object, got ${describe(asked)}`)
  return asked as Record<string, unknown>
}

function prefixIn(given: unknown, field: string): string {
  if (typeof given === 'string' && prefixForm.test(given)) return given
  throw badRequest(
    `expected { ${field} } to be the id of a session, or its first 8 to 32 hexadecimal digits, got ${describe(given)}`,
  )
}

function slotIn(given: unknown): number {
  if (given === undefined) return -1
  if (Number.isSafeInteger(given) && (given as number) >= 0) return given as number
  throw badRequest(`expected { after } to be the number of a slot, got ${describe(given)}`)
}

function limitIn(given: unknown = defaultLimit): number {
  if (Number.isInteger(given) && (given as number) >= 1 && (given as number) <= mostListed) return given as number
  throw badRequest(`expected { limit } to be a whole number from 1 to ${mostListed}, got ${describe(given)}`)
}

export function badRequest(message: string): ServerError {
  return new ServerError(message, { code: 'BAD_REQUEST', notStarted: true })
}
