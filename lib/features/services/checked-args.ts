// The arguments of a service's method, checked by its schema.
import { validate } from '../../core/action/schema.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { ServiceSchemas, Verb } from './service.ts'

/** In a box, so that a `then` among the arguments is data. */
export interface CheckedArgs {
  readonly args: unknown
}

/** Throws, or rejects with, ValidationError. A promise if the schema checks asynchronously. */
export function checkArgs(
  name: string,
  schemas: ServiceSchemas | undefined,
  verb: Verb,
  args: unknown,
): CheckedArgs | Promise<CheckedArgs> {
  const schema = schemas?.[verb]
  if (schema === undefined) return { args }
  const checked = validate(schema, args, `input of service "${name}": ${verb}`, 'INVALID_INPUT')
  if (!(checked instanceof Promise)) return { args: checked }
  // Its turn may come long after the check has failed.
  return unawaited(checked.then((value) => ({ args: value })))
}
