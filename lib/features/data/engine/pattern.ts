// Regular expressions that users and clients give: RE2's, whose time grows with the text and not with the expression's
// tricks.
import { withPackages } from '../../../core/base/optional-packages.ts'
import { InvalidDataError } from '../data-errors.ts'

/** Steps of the automaton that it becomes. */
const maxSize = 10_000
/** Linear can be long, too: of steps times characters, about 20 ms for each million. */
const maxSteps = 20_000_000

/** Whether a text has a match. @throws InvalidDataError for an expression that is none, or that RE2 does not take. */
export async function readPattern(pattern: string, label: string): Promise<(text: string) => boolean> {
  const { RE2JS } = await withPackages('a regular expression in a filter', ['re2js'], () => import('re2js'))
  let expression: InstanceType<typeof RE2JS>
  try {
    expression = RE2JS.compile(pattern)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidDataError(`${label}: no regular expression that RE2 takes: ${reason}`)
  }
  const size = expression.programSize()
  if (size > maxSize) throw new InvalidDataError(`${label}: the regular expression repeats too much; make it shorter`)
  return (text) => {
    if (text.length * size <= maxSteps) return expression.matcher(text).find()
    const message = `${label}: the regular expression is too costly for a text of ${text.length} characters; make it shorter, or ask what the text contains`
    throw new InvalidDataError(message)
  }
}
