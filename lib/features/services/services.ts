// The services of one server, as a server feature: finds them by name, and reads the requests of clients.
import type { Context } from '../../core/action/context.ts'
import { beforeStart, Refused } from '../../core/action/refused.ts'
import { ServerError } from '../../core/base/errors.ts'
import { nameHint } from '../../core/base/nearest-names.ts'
import { checkOptions, type Filled, type OptionTable } from '../../core/base/option-table.ts'
import { describe, invalidOption, requireCount } from '../../core/base/options.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import type { Listed, ServerFeature, ServerKit } from '../../core/server/feature.ts'
import { OwnRuns } from './own-runs.ts'
import {
  type AnyService,
  isService,
  isServiceClass,
  maxNameLength,
  requireServiceName,
  type ServiceClass,
  type Verb,
} from './service.ts'
import { Execute, Initialize, type ServeRequest, type ServiceRequest, Terminate } from './service-actions.ts'
import { ServiceHandle } from './service-handle.ts'
import { type HostRun, ServiceHost, type ServiceOptions } from './service-host.ts'

const serviceOptions: OptionTable<ServiceOptions> = { maxQueued: 'any', allowShutdown: 'any' }
const defaultMaxQueued = 1_024

export class Services implements ServerFeature {
  readonly #hosts = new Map<string, ServiceHost>()
  readonly #kit: ServerKit
  readonly #shutDown: () => void
  readonly #ownRuns: OwnRuns

  /** `shutDown` ends the server, when a service allows its clients to request that. */
  constructor(kit: ServerKit, shutDown: () => void) {
    this.#kit = kit
    this.#shutDown = shutDown
    this.#ownRuns = new OwnRuns(kit.clock)
    const serve = (verb: Verb): ServeRequest => {
      return (request, context) => this.#serve(verb, request, context)
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
    if (this.#hosts.has(name)) {
      const message = `service "${name}" is already added; give one of them another \`static serviceName\``
      throw new ServerError(message, { code: 'DUPLICATE_SERVICE' })
    }
    for (const ErrorClass of Class.errors ?? []) this.#kit.classes.declareError(ErrorClass)
    for (const ValueClass of Class.classes ?? []) this.#kit.classes.declareClass(ValueClass)
    this.#hosts.set(name, new ServiceHost(name, instance, checked, this.#kit))
  }

  /** The server's own handle of a service. Throws ServerError: `INVALID_SERVICE`, `UNKNOWN_SERVICE`. */
  handle<S extends AnyService>(service: ServiceClass<S>): ServiceHandle<S> {
    if (!isServiceClass(service)) {
      const message = `service() needs a Service class, got ${describe(service)}`
      throw new ServerError(message, { code: 'INVALID_SERVICE' })
    }
    return new ServiceHandle(this.#find(requireServiceName(service)), this.#ownRuns, this.#kit)
  }

  /** The added services. */
  get handles(): readonly ServiceHandle<AnyService>[] {
    return [...this.#hosts.values()].map((host) => new ServiceHandle(host, this.#ownRuns, this.#kit))
  }

  listing(): Listed[] {
    return [...this.#hosts.values()].map(({ name, description, phase }) => ({
      kind: 'service',
      name,
      description,
      phase,
    }))
  }

  /**
   * Waits for current runs, which may outlive their callers, and so the calls that the server waits for. Does not run `exit`:
   * that answers a client's terminate; shutdown tasks are for cleaning up with the server.
   */
  async onDrain(graceMs: number): Promise<void> {
    const all = Promise.all([...this.#hosts.values()].map((host) => host.idle()))
    await settlesWithin(this.#kit.clock, all, graceMs)
    this.#ownRuns.abortAll(new ServerError('the server is shutting down', { code: 'SHUTTING_DOWN' }))
  }

  async #serve(verb: Verb, request: unknown, context: Context<unknown>): Promise<void> {
    const { host, args, shutdown, confirm } = beforeStart(() => this.#read(verb, request))
    const holders = this.#kit.findSession(context.session.id)?.holders
    const asked = { holders, onTerminated: shutdown ? this.#shutDown : undefined }
    if (confirm === undefined) return host.run(verb, args, context, asked)
    await this.#runWithReceipt(host, verb, args, context, asked)
  }

  /** The call stays open until the method has run, or its client leaves: until then all bounds of calls apply to it. */
  async #runWithReceipt(
    host: ServiceHost,
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

  #read(verb: Verb, request: unknown): ReadRequest {
    const { service, args, shutdown = false, confirm } = readRequest(verb, request)
    const host = this.#find(service)
    if (shutdown) host.requireShutdownAllowed()
    return { host, args, shutdown, confirm }
  }

  #find(name: string): ServiceHost {
    const host = this.#hosts.get(name)
    if (host === undefined) throw this.#unknownError(name)
    return host
  }

  #unknownError(name: string): ServerError {
    return new ServerError(`unknown service "${name}"${nameHint(name, [...this.#hosts.keys()])}`, {
      code: 'UNKNOWN_SERVICE',
      notStarted: true,
    })
  }
}

interface ReadRequest {
  readonly host: ServiceHost
  readonly args: unknown
  readonly shutdown: boolean
  readonly confirm: ServiceRequest['confirm']
}

function checkedOptions(options: ServiceOptions): Filled<ServiceOptions> {
  checkOptions('addService', options, serviceOptions)
  const { maxQueued = defaultMaxQueued, allowShutdown = false } = options
  if (typeof allowShutdown !== 'boolean') throw invalidOption('allowShutdown', 'true or false', allowShutdown)
  return { maxQueued: requireCount('maxQueued', maxQueued), allowShutdown }
}

function instanceOf(service: unknown): AnyService {
  if (isService(service)) return service
  if (isServiceClass(service)) return new (service as unknown as new () => AnyService)()
  const message = `${describe(service)} is not a service: pass a Service subclass, or an instance of one`
  throw new ServerError(message, { code: 'INVALID_SERVICE' })
}

/** Checks a peer's request. Throws ServerError (`BAD_REQUEST`). */
function readRequest(verb: Verb, request: unknown): ServiceRequest {
  const { service, args, shutdown, confirm } = (request ?? {}) as Record<string, unknown>
  if (typeof service !== 'string' || service === '' || service.length > maxNameLength)
    throw badRequest(`expected { service } to be a name of 1 to ${maxNameLength} characters, got ${describe(service)}`)
  if (confirm !== undefined && confirm !== 'receipt')
    throw badRequest(`expected { confirm } to be 'receipt', got ${describe(confirm)}`)
  const read: ServiceRequest = { service, args, ...(confirm === undefined ? {} : { confirm }) }
  if (shutdown === undefined) return read
  if (typeof shutdown !== 'boolean')
    throw badRequest(`expected { shutdown } to be a boolean, got ${describe(shutdown)}`)
  if (verb !== 'exit') throw badRequest('{ shutdown } goes with terminate only')
  return { ...read, shutdown }
}

function badRequest(what: string): ServerError {
  return new ServerError(`invalid request to a service: ${what}`, {
    code: 'BAD_REQUEST',
    notStarted: true,
  })
}
