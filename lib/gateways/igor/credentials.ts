// What a foreign client shows to the server's guards: headers of its request, or fields of its introduction, for a page
// in a browser can set no headers on a WebSocket. Never the URL, which is kept in logs.
import type { IncomingMessage } from 'node:http'
import { type Credential, tokenGuardName } from '../../action/guard.ts'
import { WebRefusal } from '../../web/gateway.ts'

/**
 * From `Authorization: Bearer <token>` and `Isock-Credentials: {"<guard>": <value>}`. Throws WebRefusal (400) for what
 * cannot be read.
 */
export function credentialsOf({ headers }: IncomingMessage): Credential[] {
  const found: Credential[] = []
  const token = /^bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
  if (token !== undefined) found.push({ guard: tokenGuardName, value: token })
  const more = headers['isock-credentials']
  if (typeof more !== 'string') return found
  try {
    return [...found, ...credentialsIn(JSON.parse(more))]
  } catch {
    throw new WebRefusal(400, 'the header Isock-Credentials is no JSON object; send {"<name of a guard>": <value>}')
  }
}

/** From the fields of an introduction, `token` and `credentials`. Throws for another shape. */
export function credentialsFrom({ token, credentials }: Readonly<Record<string, unknown>>): Credential[] {
  const found: Credential[] = credentials === undefined ? [] : credentialsIn(credentials)
  return token === undefined ? found : [{ guard: tokenGuardName, value: token }, ...found]
}

/** Whether two clients show the same. In the order in which they show it. */
export function areSame(some: readonly Credential[], others: readonly Credential[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others)
}

function credentialsIn(value: unknown): Credential[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object')
  return Object.entries(value).map(([guard, shown]) => ({ guard, value: shown as unknown }))
}
