// What a request presents to the guards: from headers only, never from its URL, which ends up in logs.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Credential, tokenGuardName } from '../../action/guard.ts'
import type { Peer } from '../../link/link.ts'
import { HttpFault } from './error-answer.ts'

export const credentialsHeader = 'isock-credentials'
/** Objects inside each other. */
const maxDepth = 16

/**
 * `Authorization: Bearer <token>` for the token's guard, `Isock-Credentials: {"Guard": value}` for others.
 * Throws HttpFault (400).
 */
export function readCredentials(headers: IncomingHttpHeaders): Credential[] {
  const credentials: Credential[] = []
  const { authorization } = headers
  if (authorization !== undefined) {
    const token = /^bearer +([^\s]+) *$/i.exec(authorization)?.[1]
    if (token === undefined) throw bad('Authorization: expected "Bearer <token>"')
    credentials.push({ guard: tokenGuardName, value: token })
  }
  const given = headers[credentialsHeader]
  if (given === undefined) return credentials
  for (const [guard, value] of Object.entries(recordIn(String(given)))) {
    if (credentials.some((credential) => credential.guard === guard))
      throw bad(`Isock-Credentials: "${guard}" is given by Authorization already`)
    credentials.push({ guard, value })
  }
  return credentials
}

/** Names whoever presents these, where the guards give no identity: nothing can be read out of it. */
export function digestOfCredentials(credentials: readonly Credential[], { certificate }: Peer): string {
  const pairs = credentials.map(({ guard, value }) => [guard, value])
  const text = JSON.stringify([pairs, certificate?.fingerprint ?? null])
  return createHash('sha256').update(text).digest('base64')
}

function recordIn(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isRecord && canTravel(value, 0)) return value as object
  throw bad('Isock-Credentials: expected JSON as in {"Guard": "value"}')
}

/** Into the first frame of a session, which is read with care: what is refused there would look like a lost link. */
function canTravel(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth > maxDepth || Object.hasOwn(value, '__proto__')) return false
  return Object.values(value).every((item) => canTravel(item, depth + 1))
}

function bad(message: string): HttpFault {
  return new HttpFault(400, 'BAD_REQUEST', message)
}
