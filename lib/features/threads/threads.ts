// Threads as a feature of a server: actions with `static threaded` run in a pool of threads.
import { availableParallelism } from 'node:os'
import { type ActionClass, actionNameOf } from '../../core/action/action.ts'
import { declareClasses } from '../../core/action/contract.ts'
import type { RegisteredAction } from '../../core/action/registry.ts'
import { ServerError } from '../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { requirePackages } from '../../core/base/optional-packages.ts'
import { invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import type { Feature, ServerFeature, ServerKit } from '../../core/server/feature.ts'
import { StandardCodec, valueLimitsOf } from '../../core/wire/value-codec.ts'
import { moduleOf } from './module-of.ts'
import { ThreadPool } from './thread-pool.ts'
import { killAfterMs, runInThread } from './threaded-run.ts'
import { typeScriptLoader } from './typescript-loader.ts'

declare module '../../core/base/errors.ts' {
  interface FeatureErrorCodes {
    readonly WORKER_FAILED: true
  }
}

/** The threads that a server runs `static threaded` actions in. */
export interface ThreadOptions {
  /** Threads at a time. Default: one less than there are processors, at least one. */
  readonly max?: number | undefined
  /** How long a thread without work is kept, in milliseconds. Default 10 000. */
  readonly idleTimeoutMs?: number | undefined
  /** Calls that may wait for a thread; more are refused with BusyError as not started. Default 1 024. */
  readonly maxQueue?: number | undefined
  /**
   * While others wait for a thread: how long a call may hold its own for a client that does not take its items, in
   * milliseconds. Then it fails with BusyError. A client that takes 16 KiB a second (16 items, if they are small) is
   * never too slow, unless this is less than 10 000: it reports what it took once per half a stream's window, 128 KiB.
   * Default 30 000.
   */
  readonly maxStallMs?: number | undefined
}

const threadOptions: OptionTable<ThreadOptions> = {
  max: 'any',
  idleTimeoutMs: 'any',
  maxQueue: 'any',
  maxStallMs: 'any',
}

/**
 * Threads for a server: actions with `static threaded` run in a pool of them.
 *
 * @throws ClientError: `INVALID_OPTION`; `MISSING_PACKAGE` where piscina is not installed.
 * @example new Server('localhost', 4440, { features: [threads({ max: 4 })] })
 */
export function threads(options: ThreadOptions = {}): Feature<Threads> {
  return { name: 'threads', attach: (kit) => new Threads(kit, options) }
}

/** From the end of the last call to the end of its thread. */
const lastCallMs = 1_000

export class Threads implements ServerFeature {
  readonly #kit: ServerKit
  readonly #pool: ThreadPool
  readonly #codec: StandardCodec
  readonly #maxStallMs: number

  /** Throws ClientError (`INVALID_OPTION`). */
  constructor(kit: ServerKit, options: ThreadOptions = {}) {
    checkOptions('threads', options, threadOptions)
    requirePackages('isock/threads', ['piscina'])
    const { max = Math.max(1, availableParallelism() - 1), idleTimeoutMs = 10_000, maxQueue = 1_024 } = options
    if (!Number.isSafeInteger(max) || max < 1) throw invalidOption('threads.max', 'a whole number of at least 1', max)
    this.#kit = kit
    this.#maxStallMs = requirePositive('threads.maxStallMs', options.maxStallMs ?? 30_000)
    this.#codec = new StandardCodec(kit.classes, valueLimitsOf(kit.limits))
    this.#pool = new ThreadPool(
      {
        max,
        idleTimeoutMs: requirePositive('threads.idleTimeoutMs', idleTimeoutMs),
        maxQueue: requireCount('threads.maxQueue', maxQueue),
      },
      (error) => kit.report(error, 'a thread'),
    )
    kit.adaptActions((action) => this.#adapt(action))
  }

  async onDrain(graceMs: number): Promise<void> {
    await settlesWithin(this.#kit.clock, this.#pool.idle(), graceMs + killAfterMs + lastCallMs)
    await this.#pool.close()
  }

  #adapt(action: RegisteredAction): RegisteredAction {
    const Class = threadedClassOf(action)
    if (Class === undefined) return action
    const limits = valueLimitsOf(this.#kit.limits)
    const found = {
      name: action.name,
      className: actionNameOf(Class),
      module: moduleOf(Class),
      loader: typeScriptLoader(),
      limits,
    }
    declareClasses(Class, this.#kit.classes)
    const { clock, findSession } = this.#kit
    const holdersOf = (sessionId: string): readonly object[] | undefined => findSession(sessionId)?.holders
    const options = { pool: this.#pool, codec: this.#codec, clock, maxStallMs: this.#maxStallMs, holdersOf }
    return { ...action, takesPayload: true, run: (data, context) => runInThread(found, data, context, options) }
  }
}

/** The class whose instance a thread makes, or undefined for an action that is not threaded. Throws ServerError. */
function threadedClassOf({ name, instance, actionClass }: RegisteredAction): ActionClass | undefined {
  const Class = instance?.constructor as ActionClass | undefined
  const threaded = Class?.threaded ?? actionClass?.threaded ?? false
  if (threaded === false) return undefined
  const label = `threaded action "${name}"`
  if (Class === undefined) throw invalid(`${label} is implemented by a function, but a thread needs an exported class`)
  if (Class.threaded === undefined)
    throw invalid(
      `${label} is implemented by class ${Class.name}, which must extend the contract or be threaded itself`,
    )
  if (Class.length > 0)
    throw invalid(`${label} takes constructor arguments, but a thread makes it without any; let it load what it needs`)
  if ((['input', 'output', 'items'] as const).some((side) => Class[side] !== actionClass?.[side]))
    throw invalid(`${label}: class ${Class.name} and its contract have different schemas; let it extend the contract`)
  return Class
}

function invalid(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_ACTION' })
}
