// ActionHost, the base of a server and of a client that offers actions: the actions that the other side can run.
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { ClassRegistry } from '../wire/rich/class-registry.ts'
import { type ActionClass, type AnyAction, requireActionName } from './action.ts'
import type { CheckedAction } from './checked-action.ts'
import type { Implementation } from './implementation.ts'
import { ActionRegistry, type ActionTree } from './registry.ts'

/** How `addActions` makes wire names. */
export interface TreeOptions {
  /** Between the parts of a path. Default '.'. */
  readonly separator?: string | undefined
}

const treeOptions: OptionTable<TreeOptions> = { separator: 'any' }

export abstract class ActionHost {
  /** The classes whose instances keep their class on the wire. @internal */
  protected readonly classes = new ClassRegistry()
  /** @internal */
  protected readonly registry = new ActionRegistry(this.classes)

  /**
   * Registers an action that the other side can run: an instance, or a contract class with its implementation. Also
   * possible while connected.
   *
   * @throws ServerError: `DUPLICATE_ACTION`, `INVALID_ACTION`.
   * @example
   * server.addAction(new Echo())
   * server.addAction(Exec, async (argv, context) => run(argv, context.signal))
   */
  addAction<A extends AnyAction>(action: CheckedAction<A>): this
  addAction<C extends ActionClass>(contract: C, implementation: Implementation<C>): this
  addAction(action: unknown, implementation?: unknown): this {
    this.registry.add(action, implementation)
    return this
  }

  /**
   * Registers all leaves of an object, their paths joined to dotted wire names. All or none.
   *
   * @example server.addActions({ events: { create: new CreateEvent(), remove: (id) => remove(id) } })
   */
  addActions(tree: ActionTree, options: TreeOptions = {}): this {
    checkOptions('addActions', options, treeOptions)
    this.registry.addTree(tree, options.separator ?? '.')
    return this
  }

  /** Removes by class, instance or wire name; running calls finish. False: it was not registered. */
  removeAction(action: ActionClass | AnyAction | string): boolean {
    return this.registry.remove(action)
  }

  /** True when the other side can run it. */
  hasAction(action: ActionClass | string): boolean {
    return this.registry.find(typeof action === 'string' ? action : requireActionName(action)) !== undefined
  }
}
