// Runs one task in a thread: finds the class, decodes and checks, runs, checks and encodes. Does what
// action/action-runner.ts does for a call, without session or link. A call that was aborted before it began is dropped, and
// the thread continues.
import { receiveMessageOnPort } from 'node:worker_threads'
import { type ActionClass, type AnyAction, actionNameOf, isActionClass } from '../../core/action/action.ts'
import { declareClasses } from '../../core/action/contract.ts'
import {
  endsByItself,
  type ItemSource,
  isPromiseLike,
  itemSourceOf,
  leaveQuietly,
} from '../../core/action/item-source.ts'
import { runClean } from '../../core/base/async-context.ts'
import { ServerError } from '../../core/base/errors.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import { encodeThrown } from '../../core/wire/encode-thrown.ts'
import { ClassRegistry } from '../../core/wire/rich/class-registry.ts'
import { StandardCodec, type ValueRules } from '../../core/wire/value-codec.ts'
import { type Boxed, check } from './checked-value.ts'
import { ThreadContext } from './thread-context.ts'
import { fromSent, type ServerMessage, type ThreadResult, type ThreadTask, toSent } from './thread-messages.ts'

/** The class, its one instance in this thread, and the codec of its values. */
interface LoadedAction {
  readonly instance: AnyAction
  readonly Class: ActionClass
  readonly codec: StandardCodec
  readonly rules: ValueRules
}

/** By class. Module state, because each thread has its own modules and nothing can pass it in. */
const loadedActions = new WeakMap<object, LoadedAction>()

/** Never rejects. */
export async function runThreadTask(task: ThreadTask): Promise<ThreadResult> {
  const plainCodec = new StandardCodec(new ClassRegistry())
  const early = droppedBy(task)
  if (early !== undefined) return early
  let loaded: LoadedAction
  try {
    loaded = await load(task)
  } catch (error) {
    return failure(plainCodec, error, true)
  }
  const { codec, rules, Class } = loaded
  let data: Boxed
  try {
    data = await readInput(task, loaded)
  } catch (error) {
    return failure(codec, error, true)
  }
  // It may have been aborted while the class was loaded and the data checked.
  const late = droppedBy(task)
  if (late !== undefined) return late
  const context = new ThreadContext(task, codec, rules, Class.items)
  try {
    const returned = await settled(runClean(() => loaded.instance.action(data.value, context), undefined))
    const source = itemSourceOf(returned.value)
    const output = source === undefined ? returned.value : (await drain(source, context)).value
    const subject = `output of action "${task.name}"`
    const checked = await check(Class.output, output, subject, 'INVALID_OUTPUT')
    const value = toSent(codec.encode(checked.value, 'result', rules))
    await context.allTaken()
    return { ok: true, value }
  } catch (error) {
    return failure(codec, error, false)
  } finally {
    context.close()
  }
}

/** Whether the call was aborted: the only message to a call that has not begun. Reads it even before its event has fired. */
function droppedBy({ port }: ThreadTask): ThreadResult | undefined {
  const message = receiveMessageOnPort(port)?.message as ServerMessage | undefined
  return message?.kind === 'abort' ? { ok: false, notStarted: true, error: message.error } : undefined
}

async function load({ module, className, name, limits }: ThreadTask): Promise<LoadedAction> {
  const exported = (await import(module)) as Record<string, unknown>
  const Class = Object.values(exported).find((value) => isActionClass(value) && actionNameOf(value) === className)
  if (!isActionClass(Class)) {
    const message = `threaded action "${name}": ${module} exports no action class "${className}"; export it there`
    throw new ServerError(message, { code: 'INVALID_ACTION' })
  }
  const known = loadedActions.get(Class)
  if (known !== undefined) return known
  const registry = new ClassRegistry()
  declareClasses(Class, registry)
  const instance = new (Class as unknown as new () => AnyAction)()
  const loaded = {
    Class,
    instance,
    codec: new StandardCodec(registry, limits),
    rules: { allowRegExp: Class.allowRegExp ?? false },
  }
  loadedActions.set(Class, loaded)
  return loaded
}

async function readInput(task: ThreadTask, { Class, codec, rules }: LoadedAction): Promise<Boxed> {
  return check(Class.input, codec.decode(fromSent(task.data), rules), `input of action "${task.name}"`, 'INVALID_INPUT')
}

async function settled(value: unknown): Promise<Boxed> {
  return { value: isPromiseLike(value) ? await value : value }
}

/** Sends the items of the source, as fast as the caller reads; returns its result. Leaves it when the run is aborted. */
function drain(source: ItemSource, context: ThreadContext): Promise<Boxed> {
  const { signal } = context
  let left: Promise<void> | undefined
  const leave = (): Promise<void> => {
    left ??= leaveQuietly(source)
    return left
  }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => void leave().then(() => reject(error))
    if (signal.aborted) return fail(signal.reason)
    const unfollow = followSignal(signal, () => fail(signal.reason))
    readAll(source, context).then(resolve, fail).finally(unfollow)
  })
}

async function readAll(source: ItemSource, { signal, emit }: ThreadContext): Promise<Boxed> {
  for (;;) {
    const step = await source.next()
    if (signal.aborted && !endsByItself(source)) throw signal.reason
    if (step.done) return { value: step.value }
    signal.throwIfAborted()
    await emit(step.value)
  }
}

/** Stacks go to the server, which exposes them to no client unless configured to. */
function failure(codec: StandardCodec, error: unknown, notStarted: boolean): ThreadResult {
  return { ok: false, notStarted, error: toSent(encodeThrown(codec, error, { exposeStacks: true })) }
}
