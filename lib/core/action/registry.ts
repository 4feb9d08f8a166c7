// The actions of one side, by wire name: instances, contracts with their implementation, nested objects of either.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ServerError } from '../base/errors.ts'
import { nameHint } from '../base/nearest-names.ts'
import { describe } from '../base/options.ts'
import { isName } from '../wire/frames/frame.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import type { ValueRules } from '../wire/value-codec.ts'
import { isPlainObject } from '../wire/values/realm.ts'
import {
  type Action,
  type ActionClass,
  type AnyAction,
  actionNameOf,
  isAction,
  isActionClass,
  isContractOnly,
  requireActionName,
} from './action.ts'
import type { Context } from './context.ts'
import { contractHash, declareClasses } from './contract.ts'
import { requireRecorder } from './recording.ts'
import { type Requirement, requirementOf } from './requirement.ts'

/** The implementation of a contract, or an action without a class. */
// biome-ignore lint/suspicious/noExplicitAny: what it takes is its contract's business
export type ActionFunction<Input = any, Output = unknown, Item = any> = (data: Input, context: Context<Item>) => Output

/** An action that can be run. */
export interface RegisteredAction {
  readonly name: string
  readonly run: ActionFunction
  readonly input: StandardSchemaV1 | undefined
  readonly output: StandardSchemaV1 | undefined
  /** The schema of what it yields or emits. */
  readonly items: StandardSchemaV1 | undefined
  /** undefined for plain functions, which have no contract. */
  readonly contract: string | undefined
  readonly rules: ValueRules
  /** Who may run it; undefined: everybody who may connect. */
  readonly requirement: Requirement | undefined
  /** It is a generator function, so that its calls have items. */
  readonly isStream: boolean
  /** `run` gets the data as it arrived, neither decoded nor checked, and returns an Encoded, which is checked. */
  readonly takesPayload: boolean
  /** A feature commits its answer with its effect. See {@link ActionFields.transactional}. */
  readonly isTransactional?: boolean
  /** A feature records its start and its answer. See {@link ActionFields.durable}. */
  readonly isDurable?: boolean
  /** A feature keeps the answers of calls with a key. See {@link RunOptions.key}. */
  readonly takesKeys?: boolean
  /** The instance that runs, if it is one. */
  readonly instance: AnyAction | undefined
  /** The class that it came from, for listings. */
  readonly actionClass: ActionClass | undefined
}

/** Actions and functions, nested freely; the path to a leaf is its wire name. */
export interface ActionTree {
  readonly [name: string]: AnyAction | ActionFunction | ActionTree
}

/** Transforms an action as it is added; throw to reject it. */
export type Adaptation = (action: RegisteredAction) => RegisteredAction

const maxTreeDepth = 32

export class ActionRegistry {
  readonly #actions = new Map<string, RegisteredAction>()
  /** Built-in actions, such as isock.actions: run like all others, but never listed, removed or replaced. */
  readonly #builtIns = new Map<string, RegisteredAction>()
  readonly #classes: ClassRegistry
  readonly #adaptations: Adaptation[] = []

  constructor(classes: ClassRegistry) {
    this.#classes = classes
  }

  get names(): string[] {
    return [...this.#actions.keys()]
  }

  /** Without built-in ones, in the order in which they were added. */
  get actions(): RegisteredAction[] {
    return [...this.#actions.values()]
  }

  find(name: string): RegisteredAction | undefined {
    return this.#actions.get(name) ?? this.#builtIns.get(name)
  }

  /** Lets a feature transform actions that are added from now on. */
  adapt(adaptation: Adaptation): void {
    this.#adaptations.push(adaptation)
  }

  /** Adds a built-in action, and reserves its name. */
  addBuiltIn(action: AnyAction): void {
    const name = actionNameOf(action.constructor as ActionClass)
    this.#addInstance(name, action)
    this.#builtIns.set(name, this.#actions.get(name) as RegisteredAction)
    this.#actions.delete(name)
  }

  /** An instance; or a contract class with the function, instance or subclass that implements it. */
  add(action: unknown, implementation?: unknown): void {
    if (isAction(action)) this.#addInstance(requireActionName(action.constructor as ActionClass), action)
    else if (isActionClass(action)) this.#addContract(action, implementation)
    else if (typeof action === 'string' && typeof implementation === 'function')
      throw invalid(`a function is added under a name by addActions({ ${JSON.stringify(action)}: ... })`)
    else
      throw invalid(
        `${describe(action)} is not an action: pass an instance of an Action subclass, or a contract class and its implementation`,
      )
  }

  /** Adds all leaves of a tree, or none where one of them is wrong. */
  addTree(tree: unknown, separator: string): void {
    const added: string[] = []
    try {
      for (const [name, leaf] of leavesOf(tree, separator)) {
        if (isAction(leaf)) this.#addInstance(name, leaf)
        else this.#put({ ...bare(name), run: leaf as ActionFunction, isStream: isGenerator(leaf) })
        added.push(name)
      }
    } catch (error) {
      for (const name of added) this.#actions.delete(name)
      throw error
    }
  }

  /** Removes by class, instance or wire name. False: it was not registered. */
  remove(action: unknown): boolean {
    return this.#actions.delete(isAction(action) ? this.#nameOfInstance(action) : nameOf(action))
  }

  /** The error for a name that is not registered, with similar names. */
  unknownError(name: string): ServerError {
    // Anybody who may call may list the names.
    const hint = nameHint(name, this.names)
    return new ServerError(`unknown action "${name}"${hint}`, { code: 'UNKNOWN_ACTION', notStarted: true })
  }

  /** Its path, when it was added in a tree: its class need not have a name. */
  #nameOfInstance(instance: AnyAction): string {
    for (const { name, instance: known } of this.#actions.values()) if (known === instance) return name
    return requireActionName(instance.constructor as ActionClass)
  }

  #addInstance(name: string, action: AnyAction): void {
    requireAction(name, action)
    this.#addClass(name, action.constructor as ActionClass, action)
  }

  #addContract(contract: ActionClass, implementation: unknown): void {
    const name = requireActionName(contract)
    if (isAction(implementation)) {
      requireAction(name, implementation)
      this.#addClass(name, contract, implementation)
    } else if (isActionClass(implementation)) {
      // isock constructs a class only without arguments; a class with arguments is passed as an instance.
      const Implementation = implementation as unknown as new () => Action
      this.#addContract(contract, new Implementation())
    } else if (typeof implementation === 'function') {
      this.#addClass(name, contract, implementation as ActionFunction)
    } else {
      throw invalid(
        `action class "${name}" was registered without an instance or implementation; pass new ${contract.name}() or a function`,
      )
    }
  }

  #addClass(name: string, action: ActionClass, runs: AnyAction | ActionFunction): void {
    requireSchema(name, 'input', action.input)
    requireSchema(name, 'output', action.output)
    requireSchema(name, 'items', action.items)
    this.#refuseDuplicate(name)
    declareClasses(action, this.#classes)
    this.#put({
      name,
      run: isAction(runs) ? runnerOf(runs) : runs,
      isStream: isGenerator(isAction(runs) ? runs.action : runs),
      instance: isAction(runs) ? runs : undefined,
      takesPayload: false,
      input: action.input,
      output: action.output,
      items: action.items,
      contract: contractHash(actionNameOf(action), action),
      rules: { allowRegExp: action.allowRegExp ?? false },
      requirement: requirementOf(name, isAction(runs) && 'requires' in runs.constructor ? runs.constructor : action),
      actionClass: action,
    })
  }

  #put(action: RegisteredAction): void {
    const { length } = action.instance?.action ?? action.run
    if (length > 2)
      throw invalid(
        `action "${action.name}" takes ${length} parameters; it gets two, the data and the context: take several values as one object`,
      )
    if (action.name === '') throw invalid('an action has no name; give its class a `static actionName`')
    if (!isName(action.name)) throw invalid('an action name has more than 512 bytes; shorten it')
    this.#refuseDuplicate(action.name)
    const adapted = this.#adaptations.reduce((former, adapt) => adapt(former), action)
    requireRecorder(adapted)
    this.#actions.set(action.name, adapted)
  }

  #refuseDuplicate(name: string): void {
    if (this.find(name) === undefined) return
    const message = this.#builtIns.has(name)
      ? `action "${name}" is isock's own; use another actionName`
      : `action "${name}" is already registered; remove it first or use another actionName`
    throw new ServerError(message, { code: 'DUPLICATE_ACTION' })
  }
}

function bare(name: string): Omit<RegisteredAction, 'run' | 'isStream'> {
  const noSchemas = { input: undefined, output: undefined, items: undefined, contract: undefined }
  return {
    name,
    ...noSchemas,
    instance: undefined,
    actionClass: undefined,
    rules: {},
    requirement: undefined,
    takesPayload: false,
  }
}

function requireAction(name: string, action: AnyAction): void {
  if (!isContractOnly(action)) return
  throw invalid(`action "${name}" has no action() method; implement it, or register the class with an implementation`)
}

function runnerOf(action: AnyAction): ActionFunction {
  return (data, context) => action.action(data, context) as unknown
}

function isGenerator(run: unknown): boolean {
  return /^\[object (Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(run))
}

function nameOf(action: unknown): string {
  if (typeof action === 'string') return action
  return isActionClass(action) ? requireActionName(action) : ''
}

function* leavesOf(tree: unknown, separator: string, path: string[] = []): Generator<[name: string, leaf: unknown]> {
  const where = path.join(separator) || 'the tree of actions'
  if (path.length > maxTreeDepth)
    throw invalid(`${where} is nested deeper than ${maxTreeDepth}: does it contain itself?`)
  if (!isPlainObject(tree))
    throw invalid(`${where}: expected an Action instance, a function or an object of them, got ${describe(tree)}`)
  for (const [key, branch] of Object.entries(tree)) {
    const name = [...path, key]
    if (isActionClass(branch))
      throw invalid(`${name.join(separator)}: expected an instance, got a class; pass an instance of it`)
    if (isAction(branch) || typeof branch === 'function') yield [name.join(separator), branch]
    else yield* leavesOf(branch, separator, name)
  }
}

function requireSchema(name: string, field: 'input' | 'output' | 'items', schema: unknown): void {
  if (schema === undefined) return
  const standard = (schema as { '~standard'?: { validate?: unknown } } | null)?.['~standard']
  if (typeof standard?.validate === 'function') return
  throw invalid(`static ${field} of action "${name}" is not a Standard Schema (zod, valibot, arktype ...)`)
}

function invalid(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_ACTION' })
}
