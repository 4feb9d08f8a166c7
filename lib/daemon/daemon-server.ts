// The server of a daemon. Serves the exports of its modules, and the action that ends the daemon.

import { ClientError, ServerError } from '../core/base/errors.ts'
import type { Logger } from '../core/base/log.ts'
import type { Feature } from '../core/server/feature.ts'
import type { ServerOptions } from '../core/server/server-options.ts'
import { Server } from '../facade/server.ts'
import { Inspection } from '../features/inspection/inspection.ts'
import type { AnyService } from '../features/services/service.ts'
import type { ServiceOptions } from '../features/services/service-host.ts'
import { ExportedActions } from '../modules/exported-actions.ts'
import { exportedServices } from '../modules/exported-services.ts'
import { initializeFrom } from '../modules/init-file.ts'
import { type LoadedModule, loadModules } from '../modules/load-modules.ts'
import { tlsOf } from '../modules/tls-files.ts'
import { unservedExports } from '../modules/unserved-exports.ts'
import { controlFd, type LaunchOrder } from './launch.ts'
import { RunShutdown } from './shutdown-action.ts'

export class DaemonServer extends Server {
  readonly #stop: (graceMs: number | undefined) => void
  readonly #mayBeEnded: boolean
  #initialize: (() => Promise<void>) | undefined

  /** `mayBeEnded` allows clients to end the server, and to see its sessions: they had to present a token, or are on this machine. */
  constructor(options: ServerOptions, mayBeEnded: boolean, stop: (graceMs: number | undefined) => void) {
    super(options)
    this.#stop = stop
    this.#mayBeEnded = mayBeEnded
    this.addFeature({ name: 'inspection', attach: (kit) => new Inspection(kit, () => requireOperators(mayBeEnded)) })
    this.join((kit) => {
      kit.addBuiltIn(new RunShutdown(mayBeEnded, stop))
      // At this point, everything that services may use has started, and no client is served yet.
      return { onStart: () => this.#initialize?.() }
    })
  }

  /** By default, clients that may end the server may also end it through a service. A module may forbid that. */
  override addService(service: AnyService | (new () => AnyService), options: ServiceOptions = {}): this {
    const isSilent = typeof options === 'object' && options !== null && !Object.hasOwn(options, 'allowShutdown')
    return super.addService(service, isSilent ? { ...options, allowShutdown: this.#mayBeEnded } : options)
  }

  /** Sets a function to run once before it listens. A rejection prevents listening. */
  initializeBy(initialize: () => Promise<void>): void {
    this.#initialize = initialize
  }

  /** Called when a client of a service requests the shutdown. Ends the process too, within the configured grace period. */
  protected override onShutdownRequest(): void {
    this.#stop(undefined)
  }
}

/** The clients that may end the server may see its sessions. */
function requireOperators(mayBeEnded: boolean): true {
  if (mayBeEnded) return true
  const message =
    'this server asks its clients for no credentials, so they may not see the sessions of others; start it with a token'
  throw new ServerError(message, { code: 'NOT_ALLOWED', notStarted: true })
}

/**
 * Creates the server for a launch order and the features of its modules. A successor uses the inherited sockets, in the order
 * of the addresses.
 *
 * @throws ClientError (`INVALID_OPTION`) for invalid TLS files.
 */
export function serverFor(
  { settings, token, tokenOrigin, isSuccessor }: LaunchOrder,
  log: Logger,
  features: readonly Feature[],
  stop: (graceMs: number | undefined) => void,
): DaemonServer {
  const { host, port, path, tokenFile, allowClearTextToken = false } = settings
  const tls = tlsOf(settings)
  const places = Number(port !== undefined) + Number(path !== undefined)
  const options: ServerOptions = {
    host,
    log,
    allowClearTextToken,
    onError: (error, { action, origin }) => log.info({ action, origin, error: String(error) }, 'something threw'),
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path }),
    ...(tls === undefined ? {} : { tls }),
    features,
    ...(isSuccessor ? { fds: Array.from({ length: places }, (_, i) => controlFd + 1 + i) } : {}),
  }
  return new DaemonServer(options, tokenOrigin !== 'none', stop)
}

/** The modules of a server. */
export interface ModulePaths {
  readonly modules: readonly string[]
  /** A module to load first. Its services are initialized before the server listens. */
  readonly initFile?: string | undefined
}

/** @throws ClientError: as `loadModules`. */
export function loadAll({ modules, initFile }: ModulePaths): Promise<LoadedModule[]> {
  return loadModules(initFile === undefined ? modules : [initFile, ...modules])
}

/**
 * Registers the exports of modules: actions, as `isock serve` does, services, and what their function `setup` adds. Services of the
 * init file, which is the first module, are initialized when the server starts.
 *
 * @throws ClientError (`MODULE_FAILED`) if there is nothing to serve, or a module throws.
 */
export async function registerModules(
  server: DaemonServer,
  modules: readonly LoadedModule[],
  log: Logger,
  { initFile }: Pick<ModulePaths, 'initFile'> = {},
): Promise<void> {
  const found = new ExportedActions(modules)
  for (const instance of found.instances) server.addAction(instance)
  for (const tree of found.trees) server.addActions(tree)
  const hasSetup = modules.some(({ exports }) => typeof exports['setup'] === 'function')
  const unserved = hasSetup ? [] : unservedExports(modules, true)
  for (const { name, reason } of [...found.skipped, ...unserved])
    log.warn({ export: name, reason }, 'an export is not served')
  let others = 0
  for (const service of exportedServices(modules.map(({ exports }) => exports))) {
    server.addService(service)
    others++
  }
  const [first] = modules
  // Before `setup`, which may open a web port, where services must be initialized too.
  if (initFile !== undefined && first !== undefined) server.initializeBy(() => initializeFrom(first, server, log))
  for (const { exports } of modules) {
    const { setup } = exports
    if (typeof setup !== 'function') continue
    await setup(server)
    others++
  }
  if (server.actionNames.length === 0 && others === 0) {
    const message = `nothing to serve in ${modules.map(({ path }) => path).join(', ')}: export actions, services, or a function setup(server)`
    throw new ClientError(message, { code: 'MODULE_FAILED' })
  }
}
