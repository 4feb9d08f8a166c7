// Keeps secrets, and what setters keep, off what a copy of a row takes with it. MikroORM gives each row enumerable
// properties of its own, so that `{ ...user }` had the hash of a password; a field with a setter shows under its own name.
import type { MikroORM } from '@mikro-orm/core'
import type { ModelPlan, Row } from '../plan.ts'
import type { Plans } from '../plans.ts'

/** What MikroORM keeps of a row. */
interface Held {
  readonly __helper: {
    readonly __data: Record<string, unknown>
    __touched: boolean
    readonly hydrator: { isRunning(): boolean }
  }
}

/** To be called once MikroORM has made its own accessors, which these replace. */
export function hideFields(orm: MikroORM, plans: Plans): void {
  for (const plan of plans.all) {
    // What MikroORM gives each row that it loads; a new row takes the prototype's.
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
