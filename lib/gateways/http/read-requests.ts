// GET /actions/<name>?...: calls an action without side effects, whose response may be cached. Checks the guards before it reveals
// anything about the action.
import { createHash } from 'node:crypto'
import type { FeatureClient } from '../../facade/feature-client.ts'
import type { Answer } from '../answer.ts'
import { metadataHeaders } from '../metadata.ts'
import { type Accepted, readAccept } from './accept.ts'
import { runAction } from './action-call.ts'
import { requireForeignName } from './action-requests.ts'
import { admitRequest } from './admit-request.ts'
import { HttpError } from './error-answer.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { HttpVisit } from './http-visit.ts'
import { queryData } from './query-data.ts'

/** The request headers that a response depends on. */
const varying = ['Accept', 'Authorization', 'Isock-Credentials']

/** Whether a GET calls the action. Without a query, it describes the action. */
export function isRead({ url }: HttpVisit): boolean {
  return url.search !== ''
}

/** Returns the response: 200, 204 or 304. Rejects with the error that ended the call, or with HttpError. */
export async function answerRead(parts: GatewayParts, visit: HttpVisit, name: string): Promise<Answer> {
  const { host, options, data, errors } = parts
  requireForeignName(name)
  const accepted = acceptedOf(visit, name)
  requireNoBody(visit)
  const query = queryData(visit.url, options.maxQueryBytes)
  const { client } = await admitRequest(host, visit)
  try {
    const cacheControl = host.cacheControlOf(name)
    if (cacheControl === undefined || host.isStream(name)) throw await notCallableByGet(client, name, visit.signal)
    const { signal, timeoutMs } = visit
    const openStream = (): never => {
      throw streams(name)
    }
    const call = { client, name, signal, timeoutMs, accepted, errors, openStream, ...data.read(query, 'json') }
    const answer = (await runAction(call)) as Answer
    return withCacheHeaders(answer, visit, isPersonal(parts, visit) ? asPrivate(cacheControl) : cacheControl)
  } finally {
    await client.close()
  }
}

function acceptedOf({ request }: HttpVisit, name: string): Accepted {
  const accepted = readAccept(request.headers.accept)
  if (accepted.stream !== undefined) throw streams(name)
  return { ...accepted, streamIfNeeded: undefined }
}

function requireNoBody({ request }: HttpVisit): void {
  const { 'content-length': length, 'transfer-encoding': transfer, 'idempotency-key': key } = request.headers
  if (transfer !== undefined || Number(length ?? 0) > 0)
    throw new HttpError(400, 'BAD_REQUEST', 'a GET has its data in the query and no body; use POST for a body')
  if (key !== undefined)
    throw new HttpError(400, 'INVALID_USAGE', 'a GET may always be repeated; omit the Idempotency-Key')
}

function streams(name: string): HttpError {
  return new HttpError(406, 'NOT_ACCEPTABLE', `action "${name}" returns JSON by GET; use POST for a stream`)
}

/** The error if the action cannot be called by GET. Called only after the call was refused. */
async function notCallableByGet(client: FeatureClient, name: string, signal: AbortSignal): Promise<HttpError> {
  const json = await client.runAction<string | undefined>('isock.actions.json', name, { signal })
  if (json === undefined) return new HttpError(404, 'UNKNOWN_ACTION', 'unknown action; GET /actions lists all')
  const message = `action "${name}" must be called with POST; GET needs static idempotent = true and static cacheControl`
  return new HttpError(405, 'METHOD_NOT_ALLOWED', message, { allow: 'POST' })
}

/** Adds a strong ETag and the headers for caches. Returns 304 if the client already has the response. */
function withCacheHeaders({ status, headers, body }: Answer, visit: HttpVisit, cacheControl: string): Answer {
  const hash = createHash('sha256').update(`${status} ${headers['content-type'] ?? ''}\n`)
  const etag = `"${hash.update(body ?? '').digest('base64url')}"`
  const before = visit.response.getHeader('vary')
  const metadata = metadataHeaders(visit.request.headers).filter((name) => name.startsWith('isock-'))
  const vary = [...(before === undefined ? [] : [String(before)]), ...varying, ...metadata].join(', ')
  const known = { etag, vary, 'cache-control': cacheControl }
  return isCached(visit.request.headers['if-none-match'], etag)
    ? { status: 304, headers: known, body: undefined }
    : { status, headers: { ...headers, ...known }, body }
}

function isCached(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const tags: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? []
  return ifNoneMatch.trim() === '*' || tags.includes(etag)
}

/** Whether another client might be refused, or get another response. */
function isPersonal({ host }: GatewayParts, { request: { headers }, peer }: HttpVisit): boolean {
  const isShown = headers.authorization !== undefined || headers['isock-credentials'] !== undefined
  return isShown || host.guardNames.size > 0 || peer.certificate !== undefined
}

/** Restricts a Cache-Control to the client's own cache. */
function asPrivate(cacheControl: string): string {
  const kept = cacheControl.split(',').map((directive) => directive.trim())
  return ['private', ...kept.filter((directive) => !/^(public|private|s-maxage)\b/i.test(directive))].join(', ')
}
