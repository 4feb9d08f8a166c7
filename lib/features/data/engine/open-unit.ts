// Makes a unit of work with its `db`.
import type { OpenUnit, UnitOwner } from '../open-unit.ts'
import { ChangeLog, type ChangeTeller } from './change-log.ts'
import type { Engine } from './engine.ts'
import { Unit } from './unit.ts'
import { UnitDb } from './unit-db.ts'

export function openUnit(engine: Engine, teller: ChangeTeller | undefined, owner: UnitOwner): OpenUnit {
  const unit = new Unit(engine, new ChangeLog(engine.plans, teller), owner)
  return Object.assign(unit, { db: UnitDb.of(unit) })
}
