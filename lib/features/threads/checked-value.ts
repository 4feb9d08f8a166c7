// A value checked by the schema of its action, in a thread, where every check may be awaited.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { validate } from '../../core/action/schema.ts'
import { bytesAsGiven } from '../../core/wire/values/bytes-as-given.ts'

/** Boxes a value so that it is not awaited: a `then` that came from a peer is data. */
export interface Boxed {
  readonly value: unknown
}

/** Rejects with ValidationError. */
export async function check(
  schema: StandardSchemaV1 | undefined,
  value: unknown,
  subject: string,
  code: 'INVALID_INPUT' | 'INVALID_OUTPUT',
): Promise<Boxed> {
  if (schema === undefined) return { value }
  const checked = validate(schema, value, subject, code)
  if (!(checked instanceof Promise)) return { value: checked }
  const asGiven = bytesAsGiven(value)
  return { value: asGiven(await checked) }
}
