// The module of the option `initFile`: its services are initialized before the server listens, so that no client has to do it.
// Their arguments are its export `initArgs`, which may name services of other modules too.
import { ClientError, ServerError } from '../core/base/errors.ts'
import type { Logger } from '../core/base/log.ts'
import { nearestNames } from '../core/base/nearest-names.ts'
import { describe } from '../core/base/options.ts'
import type { Server } from '../facade/server.ts'
import { type AnyService, isService, requireServiceName, type ServiceClass } from '../features/services/service.ts'
import type { ServiceHandle } from '../features/services/service-handle.ts'
import { isPlainObject } from './exported-actions.ts'
import { exportedServices } from './exported-services.ts'
import type { LoadedModule } from './load-modules.ts'

/** One service, and the arguments of its init. */
interface Initialization {
  readonly handle: ServiceHandle<AnyService>
  /** undefined: without arguments, and only if it is not initialized yet. */
  readonly given: { readonly args: unknown } | undefined
}

/**
 * Initializes the module's services, one after the other. All of them must have been added before.
 *
 * @throws ClientError (`MODULE_FAILED`) if there is nothing to initialize, `initArgs` is wrong, or an init throws; it names the
 *   service.
 */
export async function initializeFrom(module: LoadedModule, server: Server, log: Logger): Promise<void> {
  for (const { handle, given } of planOf(server, module)) {
    // The module's own setup(server) may have done it; a former server, or another one of the store, where the service is durable.
    const mayBeDone = given === undefined || handle.isDurable
    try {
      if (mayBeDone && (await handle.readPhase()) !== 'new') continue
      await handle.initialize(given?.args)
    } catch (cause) {
      if (handle.isDurable && cause instanceof ServerError && cause.code === 'ALREADY_INITIALIZED') continue
      const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
      throw failed(module, `service "${handle.name}" cannot be initialized: ${reason}`, cause)
    }
    log.info({ service: handle.name }, 'initialized')
  }
}

function planOf(server: Server, module: LoadedModule): Initialization[] {
  const { exports } = module
  const args = readArgs(module)
  const own = exportedServices([exports]).map((service) => {
    return requireServiceName((isService(service) ? service.constructor : service) as ServiceClass)
  })
  const names = new Set([...own, ...Object.keys(args)])
  if (names.size === 0 && typeof exports['setup'] !== 'function') {
    const remedy =
      'export a service, a function setup(server), or initArgs = { Name: arguments } for services of other modules'
    throw failed(module, `there is nothing to initialize; ${remedy}`)
  }
  const served = new Map(server.services.map((handle) => [handle.name, handle]))
  return [...names].map((name) => {
    const handle = served.get(name)
    if (handle === undefined) throw failed(module, `initArgs names "${name}", which is not served${hint(name, served)}`)
    return { handle, given: Object.hasOwn(args, name) ? { args: args[name] } : undefined }
  })
}

function readArgs(module: LoadedModule): Readonly<Record<string, unknown>> {
  const { initArgs = {} } = module.exports
  if (isPlainObject(initArgs)) return initArgs
  throw failed(module, `expected initArgs to be an object with arguments by service name, got ${describe(initArgs)}`)
}

function hint(name: string, served: ReadonlyMap<string, unknown>): string {
  const near = nearestNames(name, served.keys())
  return near.length === 0 ? '' : `; did you mean ${near.map((other) => `"${other}"`).join(' or ')}?`
}

function failed({ path }: LoadedModule, what: string, cause?: unknown): ClientError {
  return new ClientError(`init file ${path}: ${what}`, { code: 'MODULE_FAILED', cause })
}
