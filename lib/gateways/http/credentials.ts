// What a request presents to the guards: from headers only, never from its URL, which ends up in logs.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Credential } from '../../action/guard.ts'
import type { Peer } from '../../link/link.ts'
import { WebRefusal } from '../../web/gateway.ts'
import { credentialsInHeaders } from '../credentials.ts'
import { HttpFault } from './error-answer.ts'

/**
 * `Authorization: Bearer <token>` for the token's guard, `Isock-Credentials: {"Guard": value}` for others.
 * Throws HttpFault (400), also for other ways of Authorization.
 */
export function readCredentials(headers: IncomingHttpHeaders): Credential[] {
  const { authorization } = headers
  if (authorization !== undefined && !/^bearer\b/i.test(authorization))
    throw bad('Authorization: expected "Bearer <token>"')
  try {
    return credentialsInHeaders(headers)
  } catch (error) {
    throw error instanceof WebRefusal ? bad(error.message) : error
  }
}

/** Names whoever presents these, where the guards give no identity: nothing can be read out of it. */
export function digestOfCredentials(credentials: readonly Credential[], { certificate }: Peer): string {
  const pairs = credentials.map(({ guard, value }) => [guard, value])
  const text = JSON.stringify([pairs, certificate?.fingerprint ?? null])
  return createHash('sha256').update(text).digest('base64')
}

function bad(message: string): HttpFault {
  return new HttpFault(400, 'BAD_REQUEST', message)
}
