// The services of one server, as a server feature: finds them by name, and reads the requests of clients.
import type { Context } from '../../core/action/context.ts'
import { beforeStart, Refused } from '../../core/action/refused.ts'
import { ServerError } from '../../core/base/errors.ts'
import { nameHint } from '../../core/base/nearest-names.ts'
import { checkOptions, type Filled, type OptionTable } from '../../core/base/option-table.ts'
import { describe, invalidOption, requireCount } from '../../core/base/options.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import type { Listed, ServerFeature, ServerKit } from '../../core/server/feature.ts'
import { DurableService } from './durable-service.ts'
import { keyFault, readKeyOption, type ServiceInstanceOptions } from './key.ts'
import { OwnRuns } from './own-runs.ts'
import {
  type AnyService,
  isService,
  isServiceClass,
  requireServiceName,
  type ServiceClass,
  type Verb,
} from './service.ts'
import {
  DurableExecute,
  DurableInitialize,
  DurableTerminate,
  Execute,
  Initialize,
  type ServeRequest,
  type ServiceRequest,
  Terminate,
} from './service-actions.ts'
import { ServiceHandle } from './service-handle.ts'
import { ServiceHost, type ServiceOptions } from './service-host.ts'
import type { HostRun, ServiceInstance } from './service-instance.ts'
import { badRequest, readRequest } from './service-requests.ts'

const serviceOptions: OptionTable<ServiceOptions> = { maxQueued: 'any', allowShutdown: 'any', maxStateBytes: 'any' }
const defaultMaxQueued = 1_024
/** Fits into the column of every store. */
const maxStateVersion = 2 ** 31 - 1
const defaultStateBytes = 1_024 * 1_024

/** A service as it was added. */
interface Added {
  readonly name: string
  readonly Class: ServiceClass
  readonly allowShutdown: boolean
  /** undefined: it is durable. */
  readonly host: ServiceHost | undefined
  readonly durable: DurableService | undefined
}

export class Services implements ServerFeature {
  readonly #added = new Map<string, Added>()
  #hasDurableActions = false
  readonly #kit: ServerKit
  readonly #shutDown: () => void
  readonly #ownRuns: OwnRuns

  /** `shutDown` ends the server, when a service allows its clients to request that. */
  constructor(kit: ServerKit, shutDown: () => void) {
    this.#kit = kit
    this.#shutDown = shutDown
    this.#ownRuns = new OwnRuns(kit.clock)
    const serve = (verb: Verb): ServeRequest => {
      return (request, context) => this.#serve(verb, request, context, false)
    }
    kit.addBuiltIn(new Initialize(serve('init')))
    kit.addBuiltIn(new Execute(serve('exec')))
    kit.addBuiltIn(new Terminate(serve('exit')))
  }

  /** Adds a class, which is constructed without arguments, or an instance. Throws ServerError, ClientError (`INVALID_OPTION`). */
  add(service: unknown, options: ServiceOptions = {}): void {
    const checked = checkedOptions(options)
    const instance = instanceOf(service)
    const Class = instance.constructor as ServiceClass
    const name = requireServiceName(Class)
    if (this.#added.has(name)) {
      const message = `service "${name}" is already added; give one of them another \`static serviceName\``
      throw new ServerError(message, { code: 'DUPLICATE_SERVICE' })
    }
    for (const ErrorClass of Class.errors ?? []) this.#kit.classes.declareError(ErrorClass)
    for (const ValueClass of Class.classes ?? []) this.#kit.classes.declareClass(ValueClass)
    const { allowShutdown } = checked
    const isDurable = Class.durable === true
    if (!isDurable && options.maxStateBytes !== undefined)
      throw invalidOption('maxStateBytes', 'none for a service that is not durable', options.maxStateBytes)
    const durable = isDurable ? this.#durableOf(name, instance, checked) : undefined
    const host = isDurable ? undefined : new ServiceHost(name, instance, checked, this.#kit)
    this.#added.set(name, { name, Class, allowShutdown, host, durable })
  }

  #durableOf(name: string, instance: AnyService, options: Filled<ServiceOptions>): DurableService {
    const { states } = this.#kit.sharedStore ?? {}
    if (states === undefined)
      throw new ServerError(
        `service "${name}" is durable, but this server has no store that outlives it: add the feature data({ url: 'file:app.db' }) of 'isock/data', or one of PostgreSQL, before it`,
        { code: 'INVALID_SERVICE' },
      )
    requireStorable(name, instance)
    if (!this.#hasDurableActions) {
      const serve = (verb: Verb): ServeRequest => {
        return (request, context) => this.#serve(verb, request, context, true)
      }
      this.#kit.addBuiltIn(new DurableInitialize(serve('init')))
      this.#kit.addBuiltIn(new DurableExecute(serve('exec')))
      this.#kit.addBuiltIn(new DurableTerminate(serve('exit')))
      this.#hasDurableActions = true
    }
    return new DurableService(name, instance, states, options, this.#kit)
  }

  /** The server's own handle of a service. Throws ServerError: `INVALID_SERVICE`, `UNKNOWN_SERVICE`; ClientError: `INVALID_OPTION`. */
  handle<S extends AnyService>(service: ServiceClass<S>, options: ServiceInstanceOptions = {}): ServiceHandle<S> {
    if (!isServiceClass(service)) {
      const message = `service() needs a Service class, got ${describe(service)}`
      throw new ServerError(message, { code: 'INVALID_SERVICE' })
    }
    const added = this.#find(requireServiceName(service))
    return this.#handleOf(added, readKeyOption(added.Class, options))
  }

  /** The added services. */
  get handles(): readonly ServiceHandle<AnyService>[] {
    return [...this.#added.values()].map((added) => this.#handleOf(added))
  }

  #handleOf<S extends AnyService>(added: Added, key?: string): ServiceHandle<S> {
    return new ServiceHandle(instanceIn(added, key), this.#ownRuns, this.#kit)
  }

  listing(): Listed[] {
    return [...this.#added.values()].map(({ name, Class, host }) => ({
      kind: 'service',
      name,
      description: Class.description,
      phase: host?.phase ?? 'durable',
    }))
  }

  /**
   * Waits for current runs, which may outlive their callers, and so the calls that the server waits for. Does not run `exit`:
   * that answers a client's terminate; shutdown tasks are for cleaning up with the server.
   */
  async onDrain(graceMs: number): Promise<void> {
    const all = Promise.all([...this.#added.values()].map(({ host, durable }) => (host ?? durable)?.idle()))
    await settlesWithin(this.#kit.clock, all, graceMs)
    this.#ownRuns.abortAll(new ServerError('the server is shutting down', { code: 'SHUTTING_DOWN' }))
  }

  async #serve(verb: Verb, request: unknown, context: Context<unknown>, isDurable: boolean): Promise<void> {
    const { host, args, shutdown, confirm } = beforeStart(() => this.#read(verb, request, isDurable))
    const holders = this.#kit.findSession(context.session.id)?.holders
    const asked = { holders, onTerminated: shutdown ? this.#shutDown : undefined }
    if (confirm === undefined) return host.run(verb, args, context, asked)
    await this.#runWithReceipt(host, verb, args, context, asked)
  }

  /** The call stays open until the method has run, or its client leaves: until then all bounds of calls apply to it. */
  async #runWithReceipt(
    host: ServiceInstance,
    verb: Verb,
    args: unknown,
    context: Context<unknown>,
    asked: HostRun,
  ): Promise<void> {
    const run = this.#ownRuns.begin(context.signal)
    let isAccepted = false
    const onAccepted = (): void => {
      isAccepted = true
      run.detach()
      // The service runs even when the receipt cannot be sent because the client has gone.
      context.emit(null).catch(() => undefined)
    }
    try {
      await host.run(verb, args, context, { ...asked, receipt: { signal: run.signal, onAccepted } })
    } catch (error) {
      if (!isAccepted) throw error
      const thrown = error instanceof Refused ? error.error : error
      this.#kit.report(thrown, `service "${host.name}": ${verb} (confirmed by its receipt)`)
    } finally {
      run.end()
    }
  }

  #read(verb: Verb, request: unknown, isDurable: boolean): ReadRequest {
    const { service, key, args, shutdown = false, confirm } = readRequest(verb, request)
    const added = this.#find(service)
    requireKind(added, isDurable)
    if (isDurable && confirm !== undefined)
      throw badRequest(`{ confirm } does not go with the durable service "${service}"`)
    if (!isDurable && key !== undefined) throw badRequest(`the service "${service}" is not durable, so it has no keys`)
    if (shutdown) requireShutdownAllowed(added)
    return { host: instanceIn(added, key), args, shutdown, confirm }
  }

  #find(name: string): Added {
    const added = this.#added.get(name)
    if (added === undefined) throw this.#unknownError(name)
    return added
  }

  #unknownError(name: string): ServerError {
    return new ServerError(`unknown service "${name}"${nameHint(name, [...this.#added.keys()])}`, {
      code: 'UNKNOWN_SERVICE',
      notStarted: true,
    })
  }
}

interface ReadRequest {
  readonly host: ServiceInstance
  readonly args: unknown
  readonly shutdown: boolean
  readonly confirm: ServiceRequest['confirm']
}

function instanceIn({ host, durable }: Added, key = ''): ServiceInstance {
  return host ?? (durable as DurableService).instance(key)
}

/** Client and server must agree, since an adopted session judges calls by the names of their actions. */
function requireKind({ name, durable }: Added, isDurable: boolean): void {
  if ((durable !== undefined) === isDurable) return
  const at = isDurable ? 'the client' : 'the server'
  throw badRequest(`the service "${name}" is durable only at ${at}: its class needs the same static durable at both`)
}

function requireShutdownAllowed({ name, allowShutdown }: Added): void {
  if (allowShutdown) return
  const message = `service "${name}": its clients may not shut this server down; allow it with addService(..., { allowShutdown: true })`
  throw new ServerError(message, { code: 'NOT_ALLOWED', notStarted: true })
}

function requireStorable(name: string, service: AnyService): void {
  const { stateVersion = 1 } = service.constructor as ServiceClass
  if (!Number.isInteger(stateVersion) || stateVersion < 1 || stateVersion > maxStateVersion)
    throw new ServerError(
      `static stateVersion of service "${name}" is a whole number from 1, got ${describe(stateVersion)}`,
      {
        code: 'INVALID_SERVICE',
      },
    )
  if (keyFault(name) !== undefined)
    throw new ServerError(`the name of a durable service is a text of 1 to 512 bytes, got ${describe(name)}`, {
      code: 'INVALID_SERVICE',
    })
}

function checkedOptions(options: ServiceOptions): Filled<ServiceOptions> {
  checkOptions('addService', options, serviceOptions)
  const { maxQueued = defaultMaxQueued, allowShutdown = false, maxStateBytes = defaultStateBytes } = options
  if (typeof allowShutdown !== 'boolean') throw invalidOption('allowShutdown', 'true or false', allowShutdown)
  return {
    maxQueued: requireCount('maxQueued', maxQueued),
    allowShutdown,
    maxStateBytes: requireCount('maxStateBytes', maxStateBytes),
  }
}

function instanceOf(service: unknown): AnyService {
  if (isService(service)) return service
  if (isServiceClass(service)) return new (service as unknown as new () => AnyService)()
  const message = `${describe(service)} is not a service: pass a Service subclass, or an instance of one`
  throw new ServerError(message, { code: 'INVALID_SERVICE' })
}
