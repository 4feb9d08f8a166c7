// The processes of one server. Starts them when the server listens, serves the clients that listen to them, and stops them when
// the server drains or they are removed.
import type { Context } from '../../core/action/context.ts'
import { beforeStart } from '../../core/action/refused.ts'
import type { RunContext } from '../../core/action/run-context.ts'
import { backoffOptions } from '../../core/base/backoff.ts'
import { ServerError } from '../../core/base/errors.ts'
import { checkOptions } from '../../core/base/option-table.ts'
import { describe, invalidOption, requireCount, requirePositive } from '../../core/base/options.ts'
import type { Listed, ServerFeature, ServerKit } from '../../core/server/feature.ts'
import type { Encoded } from '../../core/wire/bytes/encoded.ts'
import { isName } from '../../core/wire/frames/frame.ts'
import { discreet } from '../../core/wire/rich/discreet-error.ts'
import { StandardCodec, valueLimitsOf } from '../../core/wire/value-codec.ts'
import { Audience } from './audience.ts'
import { HostedProcess } from './hosted-process.ts'
import { type ListenEnd, ListenToProcess } from './listen-action.ts'
import {
  type AnyProcess,
  declareClassesOf,
  Process,
  type ProcessClass,
  type ProcessHandle,
  processNameOf,
} from './process.ts'

export class Processes implements ServerFeature {
  readonly #kit: ServerKit
  readonly #codec: StandardCodec
  readonly #processes = new Map<string, HostedProcess>()
  /** Removed processes that are still running. */
  readonly #removed = new Set<HostedProcess>()
  #isServing = false

  constructor(kit: ServerKit) {
    this.#kit = kit
    this.#codec = new StandardCodec(kit.classes, valueLimitsOf(kit.limits))
    kit.addBuiltIn(new ServeListeners((name) => this.#processes.get(name)?.audience))
  }

  get all(): readonly ProcessHandle[] {
    return [...this.#processes.values()]
  }

  /** @throws ServerError (`DUPLICATE_PROCESS`, `SHUTTING_DOWN`), ClientError (`INVALID_OPTION`). */
  add(process: AnyProcess, name = nameOf(process)): void {
    if (!(process instanceof Process)) throw invalidOption('process', 'an instance of a Process subclass', process)
    if (typeof process.run !== 'function') throw invalidOption(`run of process "${name}"`, 'a method', process.run)
    if (!isName(name)) throw invalidOption('name of a process', 'a string of 1 to 512 bytes', name)
    if (this.#processes.has(name)) {
      const message = `process "${name}" is already added; remove it first, or add this one under another name`
      throw new ServerError(message, { code: 'DUPLICATE_PROCESS' })
    }
    const { server, classes, limits, exposeErrors, findSession } = this.#kit
    if (server.isShuttingDown) {
      const message = `process "${name}" cannot be added: the server is shutting down`
      throw new ServerError(message, { code: 'SHUTTING_DOWN' })
    }
    requireBounds(name, process)
    declareClassesOf(process.constructor as ProcessClass, classes)
    const { maxQueued, maxQueuedBytes, maxListenersPerSession } = process
    const audience = new Audience({
      codec: this.#codec,
      exposed: (error) => (exposeErrors ? error : discreet(error, classes)),
      label: `process "${name}"`,
      maxQueued,
      maxQueuedBytes,
      maxListenersPerSession,
      maxFrameBytes: limits.maxFrameBytes,
      findSession,
    })
    const former = [...this.#removed].filter((other) => other.name === name || other.process === process)
    const hosted = new HostedProcess(name, process, audience, this.#kit, former)
    this.#processes.set(name, hosted)
    if (this.#isServing) hosted.onListening()
  }

  /**
   * Removes a process: aborts its run, which the process waits for if it is added again, and ends its listeners with an error.
   * Returns false if there is no such process.
   */
  remove(process: AnyProcess | ProcessClass | string): boolean {
    const name = typeof process === 'function' ? processNameOf(process) : process
    for (const [ownName, hosted] of this.#processes) {
      if (ownName !== name && hosted.process !== process) continue
      this.#processes.delete(ownName)
      hosted.remove()
      this.#removed.add(hosted)
      void hosted.whenEnded.then(() => this.#removed.delete(hosted))
      return true
    }
    return false
  }

  /** @throws ServerError (`UNKNOWN_PROCESS`). */
  get(process: string | ProcessClass): ProcessHandle {
    const name = typeof process === 'string' ? process : processNameOf(process)
    const hosted = this.#processes.get(name)
    if (hosted === undefined) throw unknownProcess(name)
    return hosted
  }

  listing(): Listed[] {
    return [...this.#processes.values()].map(({ name, process, state }) => {
      const { description } = process.constructor as ProcessClass
      return { kind: 'process', name, description, state }
    })
  }

  onListening(): void {
    this.#isServing = true
    for (const hosted of this.#processes.values()) hosted.onListening()
  }

  async onDrain(graceMs: number): Promise<void> {
    await Promise.all([...this.#processes.values(), ...this.#removed].map((hosted) => hosted.drain(graceMs)))
  }
}

/** Serves the listeners of clients. Checks their requests, which are untrusted. */
class ServeListeners extends ListenToProcess {
  static override actionName = ListenToProcess.actionName
  readonly #audienceOf: (name: string) => Audience | undefined

  constructor(audienceOf: (name: string) => Audience | undefined) {
    super()
    this.#audienceOf = audienceOf
  }

  override action(name: string, context: Context): Promise<ListenEnd> {
    const audience = beforeStart(() => this.#find(name))
    // The server always passes a RunContext, and sends an Encoded as the value that it holds.
    const end: Promise<Encoded> = audience.serve(context as RunContext)
    return end as unknown as Promise<ListenEnd>
  }

  #find(name: unknown): Audience {
    if (!isName(name))
      throw new ServerError(`expected the name of a process, got ${describe(name)}`, { code: 'BAD_REQUEST' })
    const audience = this.#audienceOf(name)
    if (audience === undefined) throw unknownProcess(name)
    return audience
  }
}

function nameOf(process: AnyProcess): string {
  const Class = (process as unknown as { constructor?: ProcessClass } | null | undefined)?.constructor
  return Class === undefined ? '' : processNameOf(Class)
}

/** @throws ClientError (`INVALID_OPTION`). */
function requireBounds(name: string, process: AnyProcess): void {
  const of = `of process "${name}"`
  requireCount(`maxRestarts ${of}`, process.maxRestarts)
  requireCount(`maxQueued ${of}`, process.maxQueued)
  for (const option of ['maxQueuedBytes', 'maxListenersPerSession', 'healthyAfterMs', 'stopLimitMs'] as const)
    requirePositive(`${option} ${of}`, process[option])
  checkOptions(`restartBackoff ${of}`, process.restartBackoff, backoffOptions)
  for (const [option, value] of Object.entries(process.restartBackoff))
    if (value !== undefined) requirePositive(`restartBackoff.${option} ${of}`, value)
}

function unknownProcess(name: string): ServerError {
  const message = `unknown process "${name}"; add it to the server with addProcess("${name}", ...)`
  return new ServerError(message, { code: 'UNKNOWN_PROCESS', notStarted: true })
}
