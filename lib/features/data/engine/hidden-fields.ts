// Keeps secrets, and the stored names of fields with setters, out of copies of a row. MikroORM gives each row enumerable own
// properties, so `{ ...user }` contained the hash of a password. A field with a setter appears under its own name.
import type { MikroORM } from '@mikro-orm/core'
import type { ModelPlan, Row } from '../plan.ts'
import type { Plans } from '../plans.ts'

/** MikroORM's state of a row. */
interface Held {
  readonly __helper: {
    readonly __data: Record<string, unknown>
    __touched: boolean
    readonly hydrator: { isRunning(): boolean }
  }
}

/** Must be called after MikroORM has defined its own accessors, which these replace. */
export function hideFields(orm: MikroORM, plans: Plans): void {
  for (const plan of plans.all) {
    // MikroORM's properties of each loaded row; a new row takes the prototype's.
    const { definedProperties } = orm.getMetadata().get(plan.name) as { definedProperties: PropertyDescriptorMap }
    for (const stored of hiddenNames(plan)) {
      Object.defineProperty(plan.Entity.prototype as object, stored, hidden(stored))
      definedProperties[stored] = hidden(stored)
    }
    Object.assign(definedProperties, plan.openSetters)
  }
}

function hiddenNames(plan: ModelPlan): string[] {
  return [...plan.fields]
    .filter(([field, { isSecret }]) => isSecret || plan.storedName(field) !== field)
    .map(([field]) => plan.storedName(field))
}

function hidden(stored: string): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: false,
    get(this: Row & Held) {
      return this.__helper.__data[stored]
    },
    set(this: Row & Held, value: unknown) {
      const { __helper } = this
      __helper.__data[stored] = value
      __helper.__touched = !__helper.hydrator.isRunning()
    },
  }
}
