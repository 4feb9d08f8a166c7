// Admits a request to the server by the credentials in its headers, never by its URL, which ends up in logs.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { addressKey } from '../../core/accounting/owner.ts'
import type { Credential } from '../../core/action/guard.ts'
import type { Peer } from '../../core/link/link.ts'
import { type WebHost, WebRefusal } from '../../features/web/gateway.ts'
import { type Admitted, admitNew } from '../admission.ts'
import { credentialsInHeaders } from '../credentials.ts'
import { metadataInHeaders } from '../metadata.ts'
import type { HttpVisit } from './http-visit.ts'

/**
 * Reads `Authorization: Bearer <token>` for the token's guard, `Isock-Credentials: {"Guard": value}` for others. Throws WebRefusal
 * (400), also for other schemes of Authorization.
 */
export function readCredentials(headers: IncomingHttpHeaders): Credential[] {
  const { authorization } = headers
  if (authorization !== undefined && !/^bearer\b/i.test(authorization))
    throw new WebRefusal(400, 'Authorization: expected "Bearer <token>"')
  return credentialsInHeaders(headers)
}

/** An admitted request, with a client of its own. */
export interface AdmittedRequest extends Admitted {
  /** Identifies the caller: by the identity that the guards returned, else by the credentials, else by the address. */
  readonly callerId: string
}

/** Rejects with WebRefusal: 400, 401, 431, 503. The caller closes the client. */
export async function admitRequest(host: WebHost, visit: HttpVisit): Promise<AdmittedRequest> {
  const { request, peer, place } = visit
  const credentials = readCredentials(request.headers)
  const admitted = await admitNew(host, peer, { credentials, retry: 0, ...metadataInHeaders(request.headers) })
  const { identity } = admitted.owner
  try {
    place?.identify(identity)
  } catch (error) {
    void admitted.client.close()
    throw error
  }
  const callerId = identity === undefined ? anonymousId(credentials, peer, host.guardNames) : `identity:${identity}`
  return { ...admitted, callerId }
}

/**
 * An id for credentials whose guards return no identity: a hash, which reveals nothing. Credentials for guards that the
 * server does not have prove nothing, so the address is then part of the id, as far as it distinguishes clients.
 */
export function anonymousId(
  credentials: readonly Credential[],
  { address, certificate }: Peer,
  guardNames: ReadonlySet<string>,
): string {
  const pairs = credentials.map(({ guard, value }) => [guard, value])
  const isProven = certificate !== undefined || credentials.some(({ guard }) => guardNames.has(guard))
  const text = JSON.stringify([pairs, certificate?.fingerprint ?? null, isProven ? null : addressKey(address)])
  return `credentials:${createHash('sha256').update(text).digest('base64')}`
}
