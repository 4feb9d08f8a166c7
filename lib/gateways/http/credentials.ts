// What a request presents to the guards: from headers only, never from its URL, which ends up in logs.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { addressKey } from '../../core/accounting/owner.ts'
import type { Credential } from '../../core/action/guard.ts'
import type { Peer } from '../../core/link/link.ts'
import { WebRefusal } from '../../features/web/gateway.ts'
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

/**
 * Names who presents these, where the guards give no identity: nothing can be read out of it. What no guard looks at proves
 * nothing, so who presents nothing else is told from others by its address too, as far as that tells clients apart.
 */
export function nameOfStranger(
  credentials: readonly Credential[],
  { address, certificate }: Peer,
  guardNames: ReadonlySet<string>,
): string {
  const pairs = credentials.map(({ guard, value }) => [guard, value])
  const isProven = certificate !== undefined || credentials.some(({ guard }) => guardNames.has(guard))
  const text = JSON.stringify([pairs, certificate?.fingerprint ?? null, isProven ? null : addressKey(address)])
  return `credentials:${createHash('sha256').update(text).digest('base64')}`
}

function bad(message: string): HttpFault {
  return new HttpFault(400, 'BAD_REQUEST', message)
}
