// Credentials in the headers of an upgrade: `NAME: JSON`, where NAME is the name of a guard, in any case. Python programs also
// send the `str()` of a dict, or plain text.
import type { IncomingHttpHeaders } from 'node:http'
import type { Credential } from '../../core/action/guard.ts'
import { AuthError } from '../../core/base/errors.ts'
import { readPythonLiteral } from '../../core/wire/values/python-literal.ts'
import { unsendableFault } from '../credentials.ts'
import { type JsonFault, readJson } from '../json-text.ts'

/** The forms of a header's value: JSON; also a Python literal; also any text, which becomes `{ header: text }`. */
export const headerForms = ['json', 'python', 'text'] as const
export type HeaderForm = (typeof headerForms)[number]

/** The credentials of a request for these guards. Throws AuthError for a header of another form, or one that cannot be sent. */
export function credentialsIn(
  headers: IncomingHttpHeaders,
  guards: readonly string[],
  form: HeaderForm = 'json',
): Credential[] {
  return guards.flatMap((guard) => {
    const header = headers[guard.toLowerCase()]
    if (header === undefined) return []
    const read = valueIn(textOf(Array.isArray(header) ? header.join(', ') : header), form)
    const fault = 'fault' in read ? read.fault : unsendableFault(read.value)
    if ('fault' in read || fault !== undefined)
      // Never quotes the value, which is secret.
      throw new AuthError(`the header ${guard} is ${fault}; send it as ${guard}: {"name": "value"}`)
    return [{ guard, value: read.value }]
  })
}

function valueIn(text: string, form: HeaderForm): { readonly value: unknown } | JsonFault {
  const json = readJson(text)
  if (!('fault' in json) || form === 'json') return json
  const literal = readPythonLiteral(text)
  if (!('fault' in literal)) return literal
  return form === 'text' ? { value: { header: text } } : { fault: 'neither JSON nor a Python literal' }
}

/** Headers arrive as one character per byte. Most clients write UTF-8; other text is left unchanged. */
function textOf(header: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(header, (char) => char.charCodeAt(0)))
  } catch {
    return header
  }
}
