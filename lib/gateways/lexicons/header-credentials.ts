// Credentials in the headers of an upgrade: `NAME: JSON`, where NAME is that of a guard, in whatever case.
import type { IncomingHttpHeaders } from 'node:http'
import type { Credential } from '../../action/guard.ts'
import { AuthError } from '../../base/errors.ts'
import { travelFault } from '../credentials.ts'
import { readJson } from '../json-text.ts'

/** What a request presents to these guards. Throws AuthError for a header whose value is no JSON, or cannot travel. */
export function credentialsIn(headers: IncomingHttpHeaders, guards: readonly string[]): Credential[] {
  return guards.flatMap((guard) => {
    const header = headers[guard.toLowerCase()]
    if (header === undefined) return []
    const json = readJson(textOf(Array.isArray(header) ? header.join(', ') : header))
    const fault = 'fault' in json ? json.fault : travelFault(json.value)
    if ('fault' in json || fault !== undefined)
      // Never with the value: it is a secret.
      throw new AuthError(`the header ${guard} is ${fault}; send it as ${guard}: {"name": "value"}`)
    return [{ guard, value: json.value }]
  })
}

/** Headers arrive as one character for each byte. Most clients write UTF-8; the text stays as it is where it is not. */
function textOf(header: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(header, (char) => char.charCodeAt(0)))
  } catch {
    return header
  }
}
