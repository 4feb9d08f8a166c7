// Regular expressions that users and clients give: RE2's, whose time grows with the text and not with the expression's
// tricks.
import { InvalidDataError } from '../../base/data-errors.ts'

/** Whether a text has a match. @throws InvalidDataError for an expression that is none, or that RE2 does not take. */
export async function readPattern(pattern: string, label: string): Promise<(text: string) => boolean> {
  const { RE2JS } = await import('re2js')
  try {
    const expression = RE2JS.compile(pattern)
    return (text) => expression.matcher(text).find()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidDataError(`${label}: no regular expression that RE2 takes: ${reason}`)
  }
}
