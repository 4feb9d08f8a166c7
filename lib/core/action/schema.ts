// Checks values with a Standard Schema and reports what is wrong. Works with any library that implements the standard.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ValidationError, type ValidationIssue } from '../base/errors.ts'
import { isPromiseLike } from './item-source.ts'

/** Returns the value as the schema returns it, or a promise of it. Throws or rejects with ValidationError. */
export function validate(
  schema: StandardSchemaV1,
  value: unknown,
  subject: string,
  code: 'INVALID_INPUT' | 'INVALID_OUTPUT',
): unknown {
  const result = schema['~standard'].validate(value)
  // An asynchronous schema returns a promise; its result holds the value in a box, so nothing is unwrapped by accident.
  // Not with instanceof: it may be a promise of another realm.
  if (isPromiseLike(result)) return Promise.resolve(result).then((late) => accept(late, subject, code))
  return accept(result, subject, code)
}

function accept(
  result: StandardSchemaV1.Result<unknown>,
  subject: string,
  code: 'INVALID_INPUT' | 'INVALID_OUTPUT',
): unknown {
  if (result.issues === undefined) return result.value
  const issues = result.issues.map(readIssue)
  const [first] = issues
  const where = first?.path?.length ? `${first.path.join('.')}: ` : ''
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  throw new ValidationError(`${subject} is not valid: ${where}${first?.message ?? 'no reason given'}${more}`, issues, {
    code,
    notStarted: code === 'INVALID_INPUT',
  })
}

function readIssue(issue: StandardSchemaV1.Issue): ValidationIssue {
  const path = issue.path?.map((segment) => {
    const key = typeof segment === 'object' ? segment.key : segment
    return typeof key === 'number' ? key : String(key)
  })
  return path === undefined ? { message: issue.message } : { message: issue.message, path }
}
