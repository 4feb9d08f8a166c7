// The actions that modules export, and the reasons why some cannot be registered.
import { type Action, type ActionClass, isAction, isActionClass, isContractOnly } from '../core/action/action.ts'
import type { ActionTree } from '../core/action/registry.ts'
import type { LoadedModule } from './load-modules.ts'

// biome-ignore lint/suspicious/noExplicitAny: any action is welcome
type AnyAction = Action<any, any, any>

/** An export that is an action class, but cannot be registered. */
export interface SkippedExport {
  readonly name: string
  readonly reason: string
}

/** The actions of all modules of one server. */
export class ExportedActions {
  readonly instances: AnyAction[] = []
  readonly trees: ActionTree[] = []
  readonly skipped: SkippedExport[] = []
  /** Classes that are already served: by an exported instance, or under another name. */
  readonly #classes = new Set<unknown>()

  constructor(modules: readonly LoadedModule[]) {
    // Classes of all modules come last: one with an exported instance anywhere is not instantiated again.
    for (const { exports } of modules) {
      for (const value of Object.values(exports)) if (isAction(value)) this.#addInstance(value)
      if (isPlainObject(exports['actions'])) this.#addTree(exports['actions'])
    }
    for (const { exports } of modules) {
      for (const [name, value] of Object.entries(exports)) if (isActionClass(value)) this.#addClass(name, value)
    }
  }

  #addTree(tree: Record<string, unknown>): void {
    this.trees.push(tree as ActionTree)
    for (const leaf of leavesOf(tree)) this.#noteClassOf(leaf)
  }

  #addInstance(instance: AnyAction): void {
    if (this.instances.includes(instance)) return
    this.#noteClassOf(instance)
    this.instances.push(instance)
  }

  #addClass(name: string, Class: ActionClass): void {
    if (this.#classes.has(Class)) return
    this.#classes.add(Class)
    const skip = (reason: string): void => void this.skipped.push({ name, reason })
    if (isContractOnly(Class.prototype as AnyAction)) {
      return skip('it is a contract without an action() method; export a subclass that implements it')
    }
    if (Class.length > 0) {
      return skip(
        `its constructor takes ${Class.length} argument(s); export an instance, or an \`actions\` object with one`,
      )
    }
    const Constructor = Class as unknown as new () => AnyAction
    try {
      this.#addInstance(new Constructor())
    } catch (error) {
      skip(`its constructor threw: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #noteClassOf(instance: AnyAction): void {
    const Class = instance.constructor as ActionClass
    this.#classes.add(Class)
  }
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value))
}

/** The instances in a tree. Visits each object once: a tree that contains itself is rejected only when it is registered. */
function* leavesOf(tree: Record<string, unknown>): Generator<AnyAction> {
  const branches = new Set<unknown>([tree])
  for (const branch of branches) {
    if (isAction(branch)) yield branch
    else if (isPlainObject(branch)) for (const next of Object.values(branch)) branches.add(next)
  }
}
