// Credentials of foreign clients for the server's guards, read in one place for all gateways. They come in headers, or in
// messages, because a page in a browser cannot set headers on a WebSocket. Never in the URL, which ends up in logs.
import type { IncomingHttpHeaders } from 'node:http'
import { type Credential, tokenGuardName } from '../core/action/guard.ts'
import { WebRefusal } from '../features/web/gateway.ts'
import { isJsonObject, readJson } from './json-text.ts'

/** How deep objects may be nested. */
const maxDepth = 16

/**
 * Reads `Authorization: Bearer <token>` and `Isock-Credentials: {"<guard>": <value>}`. Ignores other schemes of Authorization.
 * Throws WebRefusal (400) for malformed headers, without quoting the value, which is secret.
 */
export function credentialsInHeaders(headers: IncomingHttpHeaders): Credential[] {
  const { authorization = '', 'isock-credentials': shown } = headers
  const found: Credential[] = []
  if (/^bearer\b/i.test(authorization)) {
    const token = /^bearer +(.+)$/i.exec(authorization)?.[1]
    if (token === undefined) throw refusal('Authorization: expected "Bearer <token>"')
    found.push({ guard: tokenGuardName, value: token })
  }
  if (shown === undefined) return found
  const json = readJson(String(shown))
  const more = 'fault' in json ? undefined : credentialsOf(json.value)
  if (more === undefined) throw refusal('Isock-Credentials: expected JSON as in {"<name of a guard>": <value>}')
  if (found.length > 0 && more.some(({ guard }) => guard === tokenGuardName))
    throw refusal(`Isock-Credentials: "${tokenGuardName}" was already given by Authorization`)
  return [...found, ...more]
}

/** Reads an object, `{ <name of a guard>: <value> }`; undefined for anything else, and for values that cannot be sent. */
export function credentialsOf(value: unknown): Credential[] | undefined {
  if (!isJsonObject(value) || unsendableFault(value) !== undefined) return undefined
  return Object.entries(value).map(([guard, shown]) => ({ guard, value: shown }))
}

/**
 * Why a JSON value does not fit the first frame of a session; undefined if it does. A server that rejects the frame closes
 * the link, which would look like a lost connection. Completes a sentence that begins with "it is".
 */
export function unsendableFault(value: unknown, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > maxDepth) return `nested more than ${maxDepth} deep`
  if (Object.hasOwn(value, '__proto__')) return 'an object with a key __proto__'
  for (const item of Object.values(value)) {
    const fault = unsendableFault(item, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

function refusal(message: string): WebRefusal {
  return new WebRefusal(400, message)
}
