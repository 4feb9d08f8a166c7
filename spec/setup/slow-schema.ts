// A schema that takes anything, and answers after a turn of the event loop.
import { setImmediate } from 'node:timers/promises'
import type { StandardSchemaV1 } from '@standard-schema/spec'

export function slowly(): StandardSchemaV1<never, never> {
  const validate = async (value: unknown) => {
    await setImmediate()
    await setImmediate()
    return { value: value as never }
  }
  return { '~standard': { version: 1, vendor: 'spec', validate } }
}
