// isock with input and output checked by a Standard Schema that is written by hand.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { Action } from '../../lib/index.ts'
import { isockWith } from './isock-base.ts'

interface Small {
  readonly id: number
  readonly name: string
  readonly tags: readonly string[]
  readonly ok: boolean
}

function isSmall(value: unknown): value is Small {
  if (typeof value !== 'object' || value === null) return false
  const { id, name, tags, ok } = value as Record<string, unknown>
  return (
    Number.isInteger(id) &&
    typeof name === 'string' &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string') &&
    typeof ok === 'boolean'
  )
}

const small: StandardSchemaV1<Small> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) => (isSmall(value) ? { value } : { issues: [{ message: 'not a small object' }] }),
  },
}

class Echo extends Action {
  static override input = small
  static override output = small

  override async action(value: unknown): Promise<unknown> {
    return value
  }
}

export const contender = isockWith(Echo)
