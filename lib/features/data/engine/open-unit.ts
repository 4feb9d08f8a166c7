// Creates a unit of work with its `db`.
import type { OpenUnit, UnitOwner } from '../open-unit.ts'
import { ChangeLog, type ChangePublisher } from './change-log.ts'
import type { Engine } from './engine.ts'
import { Unit } from './unit.ts'
import { UnitDb } from './unit-db.ts'

export function openUnit(engine: Engine, publisher: ChangePublisher | undefined, owner: UnitOwner): OpenUnit {
  const unit = new Unit(engine, new ChangeLog(engine.plans, publisher), owner)
  return Object.assign(unit, { db: UnitDb.of(unit) })
}
