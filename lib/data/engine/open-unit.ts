// Makes a unit of work with its `db`.
import type { Db } from '../db.ts'
import { ChangeLog, type ChangeTeller } from './change-log.ts'
import type { Engine } from './engine.ts'
import { Unit } from './unit.ts'
import { UnitDb } from './unit-db.ts'

export function openUnit(
  engine: Engine,
  teller: ChangeTeller | undefined,
  signal: AbortSignal | undefined,
): { readonly db: Db; finish(isKept: boolean): Promise<void> } {
  const unit = new Unit(engine, new ChangeLog(engine.plans, teller), signal)
  return { db: UnitDb.of(unit), finish: (isKept) => unit.finish(isKept) }
}
