// Lets a request in: as a client of its own, which the guards judge like any other, and which ends with the request.
import type { Owner } from '../../core/accounting/owner.ts'
import { AuthError, ClientError, IsockError } from '../../core/base/errors.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import { LocalClient } from '../local-client.ts'
import { nameOfStranger, readCredentials } from './credentials.ts'
import { HttpFault, retryAfter } from './error-answer.ts'
import type { HttpVisit } from './http-visit.ts'

export interface Entered {
  readonly client: LocalClient
  /** Names who it is: the guards' word where they have one, else what it presented to them, else where it comes from. */
  readonly identity: string
  readonly owner: Owner
}

/** Rejects with HttpFault: 400, 401, 503. */
export async function enter(host: WebHost, visit: HttpVisit): Promise<Entered> {
  const { request, peer } = visit
  const credentials = readCredentials(request.headers)
  const client = new LocalClient(host, peer, { credentials, retry: 0 })
  try {
    await client.connect()
  } catch (error) {
    void client.close()
    throw faultOf(error)
  }
  const id = host.findSession(client.sessionId)?.identity?.id
  try {
    visit.place?.identify(id)
  } catch (error) {
    void client.close()
    throw error
  }
  const identity = id === undefined ? nameOfStranger(credentials, peer, host.guardNames) : `identity:${id}`
  return { client, identity, owner: { address: peer.address, identity: id } }
}

function faultOf(error: unknown): unknown {
  if (error instanceof AuthError)
    return new HttpFault(401, error.code, error.message, { 'www-authenticate': 'Bearer realm="isock"' })
  if (error instanceof ClientError && error.code === 'INVALID_OPTION')
    return new HttpFault(431, 'TOO_LARGE', 'the credentials have more than 4 KiB')
  if (!(error instanceof IsockError)) return error
  const message = error.code === 'SHUTTING_DOWN' ? error.message : 'the server takes no more clients at the moment'
  return new HttpFault(503, error.code === 'SHUTTING_DOWN' ? error.code : 'BUSY', message, retryAfter)
}
