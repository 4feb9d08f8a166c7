// The models as MikroORM schemas. No decorators: the class already defines its fields, the same under every compiler.
import { EntitySchema, types } from '@mikro-orm/core'
import type { FieldSpec } from '../field.ts'
import type { PlainForm, StoreForm } from '../kinds/kind.ts'
import { kindOf, storeFormOf } from '../kinds/kinds.ts'
import type { ModelPlan } from '../plan.ts'
import type { Plans } from '../plans.ts'
import { EncodedColumn } from './columns.ts'

const plainColumns: Record<PlainForm['plain'], object> = {
  text: { type: types.text },
  int: { type: types.integer, columnType: 'int' },
  double: { type: types.double },
  boolean: { type: types.boolean },
}

export function schemasOf(plans: Plans, isPostgres: boolean): EntitySchema[] {
  return plans.all.map((plan) => {
    const properties: Record<string, object> = {}
    for (const [name, spec] of plan.fields) {
      properties[plan.storedName(name)] = { fieldName: name, ...propertyOf(plan, name, spec, plans, isPostgres) }
    }
    return new EntitySchema({ class: plan.Entity, tableName: plan.name, properties } as never)
  })
}

function propertyOf(plan: ModelPlan, name: string, spec: FieldSpec, plans: Plans, isPostgres: boolean): object {
  if (name === 'pk') return { type: types.text, primary: true }
  const common = {
    nullable: spec.isOptional,
    ...(spec.isUnique ? { unique: true } : {}),
    ...(spec.isIndexed && !spec.isUnique ? { index: true } : {}),
  }
  if (kindOf(spec).refers !== 'to one') return { ...common, ...columnOf(storeFormOf(spec, isPostgres)) }
  return {
    ...common,
    kind: 'm:1',
    entity: () => plans.target(plan, name).Entity,
    mapToPk: true,
    // A drop of referenced rows is rejected at the end of the statement; a load may defer that to its own end.
    deleteRule: 'no action',
    updateRule: 'no action',
    ...(isPostgres ? { deferMode: 'immediate' } : {}),
  }
}

function columnOf(form: StoreForm<unknown>): object {
  return form.plain === undefined ? { type: new EncodedColumn(form) } : plainColumns[form.plain]
}
