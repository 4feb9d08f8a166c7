// POST /actions/<name>: from the request to the call and its response. Checks the guards before reading the body, and also for
// a stored outcome.
import { CancelledError, IsockError } from '../../core/base/errors.ts'
import { unlessAborted } from '../../core/base/followed-signals.ts'
import { isName } from '../../core/wire/frames/frame.ts'
import type { Answer } from '../answer.ts'
import { isBuiltInAction } from '../built-in-actions.ts'
import { type Accepted, readAccept, type StreamFormat } from './accept.ts'
import { type ActionCall, onlyStreams, runAction } from './action-call.ts'
import { type AdmittedRequest, admitRequest } from './admit-request.ts'
import type { Body } from './body.ts'
import { HttpError } from './error-answer.ts'
import type { EventStream } from './event-stream.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { HttpVisit } from './http-visit.ts'
import { fingerprintOf, readIdempotencyKey, storedKeyOf } from './idempotency-key.ts'
import { bodyTypeOf } from './request-data.ts'
import type { RequestPlace } from './request-places.ts'

/** The parsed head of a request. */
interface RequestHead {
  readonly name: string
  readonly accepted: Accepted
  readonly bodyType: ReturnType<typeof bodyTypeOf>
  readonly key: string | undefined
  readonly timeoutMs: number | undefined
}

/** What ends a call: its request or, for a call with a key, which outlives its request, only the end of the server. */
type CallScope = Pick<ActionCall, 'signal' | 'openStream' | 'storedKey'>

type Settle = (answer: Answer, fate: 'keep' | 'drop') => void

const nothing = (): void => undefined

interface SharedRun {
  /** Whether this request started the run. */
  readonly isFirst: boolean
  readonly answer: Promise<Answer>
}

export class ActionRequests {
  readonly #parts: GatewayParts
  /** Ends the running calls with keys. */
  readonly #abort = new AbortController()
  readonly #kept = new Set<Promise<unknown>>()

  constructor(parts: GatewayParts) {
    this.#parts = parts
  }

  /** Returns the response, or undefined if it was a stream. Rejects with the error that ended the call. */
  async answer(visit: HttpVisit, name: string): Promise<Answer | undefined> {
    const asked = readHead(visit, name)
    const { host, bodies } = this.#parts
    const admitted = await admitRequest(host, visit)
    let isShared = false
    try {
      if (host.isStream(name)) requireStream(asked)
      const body = await bodies.read(visit.request, visit.place as RequestPlace)
      try {
        if (asked.accepted.stream !== undefined || host.isStream(name)) visit.place?.becomeStream()
        if (asked.key === undefined) return await this.#run(admitted, asked, body, this.#roomOf(visit))
        const kept = this.#runOnce(visit, admitted, asked, body, asked.key)
        isShared = kept.isFirst
        return await kept.answer
      } finally {
        body.release()
      }
    } finally {
      if (!isShared) await admitted.client.close()
    }
  }

  /** Waits for the running calls with keys. */
  async settled(): Promise<void> {
    await Promise.all(this.#kept)
  }

  /** Aborts the running calls with keys. */
  close(): void {
    this.#abort.abort(new CancelledError('the server is shutting down'))
  }

  /** The first request keeps its place until the run has ended. A joining request leaves with its client. */
  #runOnce(visit: HttpVisit, admitted: AdmittedRequest, asked: RequestHead, body: Body, key: string): SharedRun {
    const { outcomes, host } = this.#parts
    if (host.takesKeys(asked.name)) return this.#runStored(admitted, asked, body, key)
    const fingerprint = fingerprintOf(asked.bodyType, body.bytes)
    const begun = outcomes.begin({ identity: admitted.callerId, action: asked.name, key }, admitted.owner, fingerprint)
    if (!begun.isFirst) return { isFirst: false, answer: unlessAborted(begun.answer, visit.signal).then(asReplayed) }
    return { isFirst: true, answer: this.#runKept(admitted, asked, body, begun.settle) }
  }

  /** The server's store keeps the outcome, and knows which request is the first. */
  #runStored(admitted: AdmittedRequest, asked: RequestHead, body: Body, key: string): SharedRun {
    const storedKey = storedKeyOf(key, admitted.callerId, admitted.owner.identity !== undefined)
    return { isFirst: true, answer: this.#runKept(admitted, asked, body, nothing, storedKey) }
  }

  #runKept(
    admitted: AdmittedRequest,
    asked: RequestHead,
    body: Body,
    settle: Settle,
    storedKey?: string,
  ): Promise<Answer> {
    const answer = this.#runToEnd(admitted, asked, body, settle, storedKey)
    this.#kept.add(answer)
    void answer.finally(() => this.#kept.delete(answer))
    return answer
  }

  /** Never rejects. */
  async #runToEnd(
    admitted: AdmittedRequest,
    asked: RequestHead,
    body: Body,
    settle: Settle,
    storedKey?: string,
  ): Promise<Answer> {
    const openStream = (): never => {
      throw streamWithKey(asked.name)
    }
    let answer: Answer
    let fate: 'keep' | 'drop' = 'keep'
    try {
      answer = (await this.#run(admitted, asked, body, { signal: this.#abort.signal, openStream, storedKey })) as Answer
    } catch (error) {
      answer = this.#parts.errors.answer(error)
      if (hasNotStarted(error)) fate = 'drop'
    }
    settle(answer, fate)
    await admitted.client.close()
    return answer
  }

  #run({ client }: AdmittedRequest, asked: RequestHead, body: Body, room: CallScope): Promise<Answer | undefined> {
    const { name, accepted, timeoutMs, bodyType } = asked
    const { data, format } = this.#parts.data.read(body.bytes, bodyType)
    return runAction({ client, name, data, timeoutMs, accepted, format, errors: this.#parts.errors, ...room })
  }

  #roomOf(visit: HttpVisit): CallScope {
    const openStream = (format: StreamFormat): EventStream => this.#parts.openStream(visit, format)
    return { signal: visit.signal, openStream }
  }
}

/** Throws HttpError: 400, 404, 406, 415. */
function readHead(visit: HttpVisit, name: string): RequestHead {
  const { request } = visit
  requireForeignName(name)
  const accepted = readAccept(request.headers.accept)
  const key = readIdempotencyKey(request.headers)
  if (key !== undefined && accepted.stream !== undefined)
    throw new HttpError(400, 'INVALID_USAGE', 'a stream cannot be stored; omit the Idempotency-Key, or accept JSON')
  return { name, accepted, bodyType: bodyTypeOf(request), key, timeoutMs: visit.timeoutMs }
}

/** Throws HttpError (404) for isock's built-in actions, which foreign clients may not run. */
export function requireForeignName(name: string): void {
  if (!isName(name) || isBuiltInAction(name))
    throw new HttpError(404, 'UNKNOWN_ACTION', 'unknown action; GET /actions lists all')
}

/** Rejects a stream that the request does not allow, before the action starts. Throws HttpError: 400, 406. */
function requireStream({ name, key, accepted }: RequestHead): void {
  if (key !== undefined) throw streamWithKey(name)
  if (accepted.streamIfNeeded === undefined) throw onlyStreams(name)
}

function streamWithKey(name: string): HttpError {
  return new HttpError(400, 'INVALID_USAGE', `action "${name}" streams: call it without an Idempotency-Key`)
}

/** Whether the call certainly never started. A request that could not be read has started nothing either. */
function hasNotStarted(error: unknown): boolean {
  if (error instanceof HttpError) return error.code === 'BAD_REQUEST' || error.code === 'TOO_LARGE'
  return error instanceof IsockError && error.notStarted
}

function asReplayed(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } }
}
