// Credentials in the headers of an upgrade: `NAME: JSON`, where NAME is that of a guard, in whatever case. Programs in Python
// also send what `str()` makes of a dict, or a text as it is.
import type { IncomingHttpHeaders } from 'node:http'
import type { Credential } from '../../core/action/guard.ts'
import { AuthError } from '../../core/base/errors.ts'
import { readPythonLiteral } from '../../core/wire/values/python-literal.ts'
import { travelFault } from '../credentials.ts'
import { type JsonFault, readJson } from '../json-text.ts'

/** What the value of a header may be: JSON; also a literal of Python; also any text, which is shown as `{ header: text }`. */
export const headerForms = ['json', 'python', 'text'] as const
export type HeaderForm = (typeof headerForms)[number]

/** What a request presents to these guards. Throws AuthError for a header whose value is of another form, or cannot travel. */
export function credentialsIn(
  headers: IncomingHttpHeaders,
  guards: readonly string[],
  form: HeaderForm = 'json',
): Credential[] {
  return guards.flatMap((guard) => {
    const header = headers[guard.toLowerCase()]
    if (header === undefined) return []
    const read = valueIn(textOf(Array.isArray(header) ? header.join(', ') : header), form)
    const fault = 'fault' in read ? read.fault : travelFault(read.value)
    if ('fault' in read || fault !== undefined)
      // Never with the value: it is a secret.
      throw new AuthError(`the header ${guard} is ${fault}; send it as ${guard}: {"name": "value"}`)
    return [{ guard, value: read.value }]
  })
}

function valueIn(text: string, form: HeaderForm): { readonly value: unknown } | JsonFault {
  const json = readJson(text)
  if (!('fault' in json) || form === 'json') return json
  const literal = readPythonLiteral(text)
  if (!('fault' in literal)) return literal
  return form === 'text' ? { value: { header: text } } : { fault: 'neither JSON nor a literal of Python' }
}

/** Headers arrive as one character for each byte. Most clients write UTF-8; the text stays as it is where it is not. */
function textOf(header: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(header, (char) => char.charCodeAt(0)))
  } catch {
    return header
  }
}
