// Regular expressions from users and clients, by RE2: their time is linear in the text, for every expression.
import { withPackages } from '../../../core/base/optional-packages.ts'
import { InvalidDataError } from '../data-errors.ts'

/** The largest automaton, in steps. */
const maxSize = 10_000
/** Linear can be slow too: the most steps times characters, at about 20 ms per million. */
const maxSteps = 20_000_000

/** Whether a text has a match. @throws InvalidDataError for an invalid expression, or one that RE2 does not support. */
export async function readPattern(pattern: string, label: string): Promise<(text: string) => boolean> {
  const { RE2JS } = await withPackages('a regular expression in a filter', ['re2js'], () => import('re2js'))
  let expression: InstanceType<typeof RE2JS>
  try {
    expression = RE2JS.compile(pattern)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidDataError(`${label}: not a valid RE2 regular expression: ${reason}`)
  }
  const size = expression.programSize()
  if (size > maxSize) throw new InvalidDataError(`${label}: the regular expression is too complex; make it shorter`)
  return (text) => {
    if (text.length * size <= maxSteps) return expression.matcher(text).find()
    const message = `${label}: the regular expression is too costly for a text of ${text.length} characters; make it shorter, or use contains`
    throw new InvalidDataError(message)
  }
}
