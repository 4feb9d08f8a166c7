// isock with input and output checked by zod.
import * as z from 'zod'
import { Action } from '../../lib/index.ts'
import { isockWith } from './isock-base.ts'

const row = z.object({
  id: z.int(),
  title: z.string(),
  body: z.string(),
  score: z.number(),
  tags: z.array(z.string()),
})
const small = z.object({ id: z.int(), name: z.string(), tags: z.array(z.string()), ok: z.boolean() })
const either = z.union([small, z.array(row)])

class Echo extends Action {
  static override input = either
  static override output = either

  override async action(value: unknown): Promise<unknown> {
    return value
  }
}

export const contender = isockWith(Echo)
