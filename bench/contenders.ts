// Who is measured, in this order.
import type { Contender } from './contender.ts'
import { isock, isockInheriting } from './contenders/isock.ts'
import { json, raw } from './contenders/raw.ts'

export const contenders: readonly Contender[] = [raw, json, isock, isockInheriting]
