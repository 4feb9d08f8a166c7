// POST /actions/<name>: from the request to the call and its answer. The guards are asked before a byte of the body is
// read, and for an outcome that is kept as for one that is not.
import { CancelledError, IsockError } from '../../core/base/errors.ts'
import { unlessAborted } from '../../core/base/followed-signals.ts'
import { isName } from '../../core/wire/frames/frame.ts'
import type { Answer } from '../answer.ts'
import { isOwnAction } from '../own-actions.ts'
import { type Accepted, readAccept, type StreamFormat } from './accept.ts'
import { type ActionCall, onlyStreams, runAction } from './action-call.ts'
import type { Body } from './body.ts'
import { type Entered, enter } from './entrance.ts'
import { HttpFault } from './error-answer.ts'
import type { EventStream } from './event-stream.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { HttpVisit } from './http-visit.ts'
import { fingerprintOf, readIdempotencyKey } from './idempotency-key.ts'
import { bodyTypeOf } from './request-data.ts'
import type { RequestPlace } from './request-places.ts'

/** What the head of a request asks for. */
interface Asked {
  readonly name: string
  readonly accepted: Accepted
  readonly bodyType: ReturnType<typeof bodyTypeOf>
  readonly key: string | undefined
  readonly timeoutMs: number | undefined
}

/** What a call belongs to: its request, or its key, for which it outlives the request. */
type Room = Pick<ActionCall, 'signal' | 'openStream'>

interface Lent {
  /** The client that was entered with belongs to the run. */
  readonly isFirst: boolean
  readonly answer: Promise<Answer>
}

export class ActionRequests {
  readonly #parts: GatewayParts
  /** Ends the calls that belong to keys. */
  readonly #abort = new AbortController()
  readonly #kept = new Set<Promise<unknown>>()

  constructor(parts: GatewayParts) {
    this.#parts = parts
  }

  /** The answer; undefined: it was a stream. Rejects with what it ended with. */
  async answer(visit: HttpVisit, name: string): Promise<Answer | undefined> {
    const asked = readHead(visit, name)
    const { host, bodies } = this.#parts
    const entered = await enter(host, visit)
    let isLent = false
    try {
      if (host.isStream(name)) requireStream(asked)
      const body = await bodies.read(visit.request, visit.place as RequestPlace)
      try {
        if (asked.accepted.stream !== undefined || host.isStream(name)) visit.place?.becomeStream()
        if (asked.key === undefined) return await this.#run(entered, asked, body, this.#roomOf(visit))
        const kept = this.#runOnce(visit, entered, asked, body, asked.key)
        isLent = kept.isFirst
        return await kept.answer
      } finally {
        body.release()
      }
    } finally {
      if (!isLent) await entered.client.close()
    }
  }

  /** Waits for the calls that belong to keys. */
  async settled(): Promise<void> {
    await Promise.all(this.#kept)
  }

  /** Ends them. */
  close(): void {
    this.#abort.abort(new CancelledError('the server is shutting down'))
  }

  /** The one that runs keeps its place until it is over; one that joins leaves with its client. */
  #runOnce(visit: HttpVisit, entered: Entered, asked: Asked, body: Body, key: string): Lent {
    const { outcomes } = this.#parts
    const fingerprint = fingerprintOf(asked.bodyType, body.bytes)
    const begun = outcomes.begin({ identity: entered.identity, action: asked.name, key }, entered.owner, fingerprint)
    if (!begun.isFirst) return { isFirst: false, answer: unlessAborted(begun.answer, visit.signal).then(asReplayed) }
    const answer = this.#runKept(entered, asked, body, begun.settle)
    this.#kept.add(answer)
    void answer.finally(() => this.#kept.delete(answer))
    return { isFirst: true, answer }
  }

  /** Never rejects. */
  async #runKept(
    entered: Entered,
    asked: Asked,
    body: Body,
    settle: (answer: Answer, fate: 'keep' | 'drop') => void,
  ): Promise<Answer> {
    const openStream = (): never => {
      throw streamWithKey(asked.name)
    }
    let answer: Answer
    let fate: 'keep' | 'drop' = 'keep'
    try {
      answer = (await this.#run(entered, asked, body, { signal: this.#abort.signal, openStream })) as Answer
    } catch (error) {
      answer = this.#parts.errors.answer(error)
      if (hasNotStarted(error)) fate = 'drop'
    }
    settle(answer, fate)
    await entered.client.close()
    return answer
  }

  #run({ client }: Entered, asked: Asked, body: Body, room: Room): Promise<Answer | undefined> {
    const { name, accepted, timeoutMs, bodyType } = asked
    const { data, format } = this.#parts.data.read(body.bytes, bodyType)
    return runAction({ client, name, data, timeoutMs, accepted, format, errors: this.#parts.errors, ...room })
  }

  #roomOf(visit: HttpVisit): Room {
    const openStream = (format: StreamFormat): EventStream => this.#parts.openStream(visit, format)
    return { signal: visit.signal, openStream }
  }
}

/** Throws HttpFault: 400, 404, 406, 415. */
function readHead(visit: HttpVisit, name: string): Asked {
  const { request } = visit
  requireForeignName(name)
  const accepted = readAccept(request.headers.accept)
  const key = readIdempotencyKey(request.headers)
  if (key !== undefined && accepted.stream !== undefined)
    throw new HttpFault(400, 'INVALID_USAGE', 'a stream is not kept: leave the Idempotency-Key out, or ask for JSON')
  return { name, accepted, bodyType: bodyTypeOf(request), key, timeoutMs: visit.timeoutMs }
}

/** isock's own actions are none for foreign clients. Throws HttpFault (404). */
export function requireForeignName(name: string): void {
  if (!isName(name) || isOwnAction(name))
    throw new HttpFault(404, 'UNKNOWN_ACTION', 'there is no action of this name; GET /actions lists them')
}

/** Before the action runs: nothing of a stream that cannot be answered must be kept. Throws HttpFault: 400, 406. */
function requireStream({ name, key, accepted }: Asked): void {
  if (key !== undefined) throw streamWithKey(name)
  if (accepted.streamIfNeeded === undefined) throw onlyStreams(name)
}

function streamWithKey(name: string): HttpFault {
  return new HttpFault(400, 'INVALID_USAGE', `action "${name}" streams: call it without an Idempotency-Key`)
}

/** A request that could not be read has not started anything either. */
function hasNotStarted(error: unknown): boolean {
  if (error instanceof HttpFault) return error.code === 'BAD_REQUEST' || error.code === 'TOO_LARGE'
  return error instanceof IsockError && error.notStarted
}

function asReplayed(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } }
}
