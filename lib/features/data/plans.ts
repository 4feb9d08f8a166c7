// The models of one database, by class and by name.
import { ClientError, ServerError } from '../../core/base/errors.ts'
import { describe, invalidOption } from '../../core/base/options.ts'
import { isRow, type ModelClass, modelNameOf, type RowPlan, readFields, rowPlan } from './model.ts'
import { ModelPlan, type Row } from './plan.ts'

/** A reference from one model to another. */
export interface ReferenceTo {
  readonly from: ModelPlan
  readonly field: string
}

export class Plans {
  readonly all: readonly ModelPlan[]
  readonly #byClass = new Map<unknown, ModelPlan>()
  readonly #byName = new Map<string, ModelPlan>()

  /** @throws ClientError (`INVALID_OPTION`). */
  constructor(models: readonly ModelClass[]) {
    if (!Array.isArray(models)) throw invalidOption('data.models', 'a list of classes that extend Model', models)
    this.all = models.map((model: ModelClass) => new ModelPlan(model))
    for (const plan of this.all) {
      const same = [...this.#byName.values()].find(({ name }) => name.toLowerCase() === plan.name.toLowerCase())
      if (same !== undefined)
        throw new ClientError(`option data.models: two models are called "${plan.name}"; give one a static modelName`, {
          code: 'INVALID_OPTION',
        })
      this.#byClass.set(plan.model, plan)
      this.#byName.set(plan.name, plan)
    }
    for (const plan of this.all) for (const [name, { target }] of plan.fields) if (target) this.#target(plan, name)
  }

  /** @throws ServerError (`INVALID_USAGE`) for a class that is not a model of this database. */
  of(model: ModelClass): ModelPlan {
    const plan = this.#byClass.get(model)
    if (plan !== undefined) return plan
    const what = typeof model === 'function' ? `"${modelNameOf(model)}"` : describe(model)
    throw new ServerError(`${what} is not a model of this database; add it to the option data.models`, {
      code: 'INVALID_USAGE',
    })
  }

  named(name: string): ModelPlan | undefined {
    return this.#byName.get(name)
  }

  /** @throws ServerError (`INVALID_USAGE`) for anything but a row of this database. */
  ofRow(row: unknown): ModelPlan {
    const found = isRow(row) ? ((row as { readonly [rowPlan]?: RowPlan })[rowPlan] as ModelPlan) : undefined
    const plan = found !== undefined && this.#byClass.get(found.model) === found ? found : undefined
    if (plan !== undefined) return plan
    throw new ServerError(`${describe(row)} is not a row of this database`, { code: 'INVALID_USAGE' })
  }

  /** The model that a reference points to. */
  target(plan: ModelPlan, field: string): ModelPlan {
    return this.#target(plan, field)
  }

  /** The references of all models that point to this one. */
  referencesTo(plan: ModelPlan): ReferenceTo[] {
    return this.all.flatMap((from) =>
      from.referenceNames.flatMap((field) => (this.#target(from, field) === plan ? [{ from, field }] : [])),
    )
  }

  /** The lists of all models that refer to rows of this one. */
  listsTo(plan: ModelPlan): ReferenceTo[] {
    return this.all.flatMap((from) =>
      from.listNames.flatMap((field) => (this.#target(from, field) === plan ? [{ from, field }] : [])),
    )
  }

  #target(plan: ModelPlan, field: string): ModelPlan {
    const model = plan.fields.get(field)?.target?.() as ModelClass | undefined
    const target = this.#byClass.get(model)
    if (target !== undefined) return target
    const what = model === undefined ? 'no model' : `"${modelNameOf(model)}", which is not among data.models`
    throw new ClientError(`model "${plan.name}": ${field} refers to ${what}`, { code: 'INVALID_OPTION' })
  }
}

/** These models and all models that they refer to, once each. */
export function modelsReferredToBy(models: readonly ModelClass[]): ModelClass[] {
  const found = new Set(models)
  for (const model of found) {
    for (const { target } of readFields(model).values()) if (target !== undefined) found.add(target() as ModelClass)
  }
  return [...found]
}

/** Rows by model, in order of appearance. */
export function byPlan(rows: readonly Row[], plans: Plans): Map<ModelPlan, Row[]> {
  const groups = new Map<ModelPlan, Row[]>()
  for (const row of rows) {
    const plan = plans.ofRow(row)
    const group = groups.get(plan)
    if (group === undefined) groups.set(plan, [row])
    else group.push(row)
  }
  return groups
}
