// `isock sessions` and `isock answers`: what a server and its store keep of its clients' sessions. The server is asked for one page after
// another, up to a number that the user sets.
import { ServerError } from '../core/base/errors.ts'
import type { Client } from '../facade/client.ts'
import type { AnswerPage, ListedAnswer, ListedSession, SessionPage } from '../features/inspection/inspection-actions.ts'
import { amountOf, durationOf } from './amounts.ts'
import { type ConnectOptions, withClient } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, usageFailure } from './failure.ts'
import { print } from './output.ts'
import { RedrawnBlock, type Terminal } from './redrawn-block.ts'
import { table } from './table.ts'

export interface SessionsOptions extends ConnectOptions {
  readonly limit: number
  /** Digits of a session. */
  readonly after?: string
}

export interface AnswersOptions extends ConnectOptions {
  readonly limit: number
  /** A slot. */
  readonly after?: number
}

/** The most that a server lists in one answer. */
const pageSize = 500

export async function listSessions(address: string, options: SessionsOptions): Promise<void> {
  await withClient(address, options, async (client, signal, printer) => {
    if (options.after !== undefined) requireDigits('--after', options.after)
    const listed: ListedSession[] = []
    let last: SessionPage = { sessions: [], isRecording: false }
    const progress = new ReadProgress('sessions')
    const pages = pagesOf(client, 'isock.sessions', { after: options.after }, options.limit, signal)
    for await (const page of pages as AsyncIterable<SessionPage>) {
      last = page
      if (options.json) for (const session of page.sessions) await printer.item(session)
      else listed.push(...page.sessions)
      progress.add(page.sessions.length)
    }
    progress.clear()
    const { isRecording, node, next } = last
    if (options.json) await printer.result({ isRecording, ...(node === undefined ? {} : { node }), ...rest(next) })
    else {
      await print(sessionTable(listed))
      await print(sessionNotes(last), process.stderr)
    }
  })
}

export async function listAnswers(address: string, session: string, options: AnswersOptions): Promise<void> {
  await withClient(address, options, async (client, signal, printer) => {
    requireDigits('<session>', session)
    const listed: ListedAnswer[] = []
    let last: AnswerPage = { session, answers: [] }
    const progress = new ReadProgress('calls')
    const pages = pagesOf(client, 'isock.answers', { session, after: options.after }, options.limit, signal)
    for await (const page of pages as AsyncIterable<AnswerPage>) {
      last = page
      if (options.json) for (const answer of page.answers) await printer.item(answer)
      else listed.push(...page.answers)
      progress.add(page.answers.length)
    }
    progress.clear()
    if (options.json) await printer.result({ session: last.session, ...rest(last.next) })
    else {
      await print(answerTable(last.session, listed))
      if (last.next !== undefined) await print(`there are more: use --after ${last.next}, or --limit\n`, process.stderr)
    }
  })
}

export function sessionTable(sessions: readonly ListedSession[]): string {
  if (sessions.length === 0) return 'no sessions\n'
  const heading = [
    'SESSION',
    'PLACE',
    'IDENTITY',
    'NAME',
    'NODE',
    'GENERATION',
    'AGE',
    'AWAY',
    'RUNNING',
    'ANSWERS',
    'SIZE',
  ]
  return table([heading, ...sessions.map(sessionRow)])
}

export function answerTable(session: string, answers: readonly ListedAnswer[]): string {
  if (answers.length === 0) return `session ${session} keeps no answers\n`
  return table([['CALL', 'SLOT', 'ACTION', 'STATE', 'OUTCOME', 'SIZE', 'WHERE', 'AGE'], ...answers.map(answerRow)])
}

/** The cells are what the server says: untrusted, as all that it sends. */
function sessionRow(session: ListedSession): string[] {
  const { id, place, identity, name, node, generation, ageMs, awayMs, running, answers, bytes } = session
  const optional = [identity, name, node, generation].map((cell) => String(cell ?? '-'))
  return [id, place, ...optional, durationOf(ageMs), durationOf(awayMs), running, answers, amountOf(bytes)].map(String)
}

function answerRow({ seq, slot, action, state, outcome, bytes, where, ageMs }: ListedAnswer): string[] {
  return [seq, slot, action ?? '-', state, outcome ?? '-', amountOf(bytes), where, durationOf(ageMs)].map(String)
}

function sessionNotes({ isRecording, node, next }: SessionPage): string {
  const more = next === undefined ? '' : `there are more: use --after ${next}, or --limit\n`
  if (isRecording) return `${more}this server is node ${String(node)}\n`
  return `${more}this server records no sessions: these are in its memory, and end with its process\n`
}

function rest(next: string | number | undefined): object {
  return next === undefined ? {} : { next }
}

async function* pagesOf(
  client: Client,
  action: string,
  asked: { readonly session?: string; readonly after: string | number | undefined },
  most: number,
  signal: AbortSignal,
): AsyncGenerator<SessionPage | AnswerPage> {
  let { after } = asked
  for (let left = most; left > 0; ) {
    const page = await read(client, action, { ...asked, after, limit: Math.min(left, pageSize) }, signal)
    yield page
    left -= 'sessions' in page ? page.sessions.length : page.answers.length
    if (page.next === undefined) return
    after = page.next
  }
}

async function read(
  client: Client,
  action: string,
  asked: object,
  signal: AbortSignal,
): Promise<SessionPage | AnswerPage> {
  try {
    return await client.runAction<SessionPage | AnswerPage>(action, asked, { signal })
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== 'UNKNOWN_ACTION') throw error
    const message =
      "this server shows its sessions to no client: `isock server` and `isock start` do, and a program with the feature inspection({ requires: 'operator' })"
    throw new CommandFailure(message, exitCodes.failed, error)
  }
}

/** @throws CommandFailure, before anything is sent. */
function requireDigits(what: string, given: string): void {
  if (/^[0-9a-f]{8,32}$/.test(given)) return
  throw usageFailure(`${what}: expected 8 to 32 hexadecimal digits of a session, as \`isock sessions\` prints them`)
}

/** How many were read so far, on a terminal: from the second page on. */
export class ReadProgress {
  readonly #what: string
  readonly #block: RedrawnBlock | undefined
  #count = 0

  constructor(what: string, stream: Terminal & { readonly isTTY?: boolean } = process.stderr) {
    this.#what = what
    this.#block = stream.isTTY ? new RedrawnBlock(stream) : undefined
  }

  add(count: number): void {
    this.#count += count
    if (this.#count >= pageSize) this.#block?.draw(`${this.#count} ${this.#what} read`)
  }

  clear(): void {
    this.#block?.clear()
  }
}
