// Makes a unit of work with its `db`.
import type { Db } from '../db.ts'
import { ChangeLog, type ChangeTeller } from './change-log.ts'
import type { Engine } from './engine.ts'
import { Unit, type UnitOptions } from './unit.ts'
import { UnitDb } from './unit-db.ts'

export interface OpenUnit extends Pick<Unit, 'isHolding' | 'isWanted' | 'settle' | 'finish' | 'giveUp'> {
  readonly db: Db
}

export function openUnit(engine: Engine, teller: ChangeTeller | undefined, options: UnitOptions): OpenUnit {
  const unit = new Unit(engine, new ChangeLog(engine.plans, teller), options)
  return Object.assign(unit, { db: UnitDb.of(unit) })
}
