// The server of a daemon: what its modules export, and the action that ends it.

import { ClientError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { DataOptions } from '../data/data-options.ts'
import { Server } from '../facade/server.ts'
import type { ServerOptions } from '../server/server-options.ts'
import { type AnyService, isService, isServiceClass } from '../services/service.ts'
import type { ServiceOptions } from '../services/service-host.ts'
import { ExportedActions } from './exported-actions.ts'
import { controlFd, type LaunchOrder } from './launch.ts'
import type { LoadedModule } from './load-modules.ts'
import { RunShutdown } from './shutdown-action.ts'
import { readTls } from './tls-files.ts'

export class DaemonServer extends Server {
  readonly #stop: (graceMs: number | undefined) => void

  constructor(options: ServerOptions, isGuarded: boolean, stop: (graceMs: number | undefined) => void) {
    super(options)
    this.#stop = stop
    this.addFeature((kit) => {
      kit.addBuiltIn(new RunShutdown(isGuarded, stop))
      return {}
    })
  }

  /** By a service's client: the process ends too, and within the grace that it was given. */
  protected override onShutdownRequest(): void {
    this.#stop(undefined)
  }
}

/**
 * As the order of a daemon and its modules say. A successor goes on with the sockets that it got, in the order of the
 * addresses.
 *
 * @throws ClientError (`INVALID_OPTION`) for files of TLS that are wrong.
 */
export function serverFor(
  { settings, token, tokenOrigin, isSuccessor }: LaunchOrder,
  log: Logger,
  data: DataOptions | undefined,
  stop: (graceMs: number | undefined) => void,
): DaemonServer {
  const { host, port, path, tokenFile } = settings
  const tls = readTls(settings)
  const places = Number(port !== undefined) + Number(path !== undefined)
  const options: ServerOptions = {
    host,
    log,
    onError: (error, { action, origin }) => log.info({ action, origin, error: String(error) }, 'something threw'),
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path }),
    ...(tls === undefined ? {} : { tls }),
    ...(data === undefined ? {} : { data }),
    ...(isSuccessor ? { fds: Array.from({ length: places }, (_, i) => controlFd + 1 + i) } : {}),
  }
  return new DaemonServer(options, tokenOrigin !== 'none', stop)
}

/**
 * Registers what modules export: actions as `isock serve` does, services, and whatever their function `setup` adds.
 *
 * @throws ClientError (`MODULE_FAILED`) where there is nothing to serve, or a module throws.
 */
export async function registerModules(
  server: Server,
  modules: readonly LoadedModule[],
  log: Logger,
  serviceOptions: ServiceOptions = {},
): Promise<void> {
  const found = new ExportedActions(modules)
  for (const instance of found.instances) server.addAction(instance)
  for (const tree of found.trees) server.addActions(tree)
  for (const { name, reason } of found.skipped) log.warn({ export: name, reason }, 'an export is not served')
  let others = 0
  for (const service of exportedServices(modules.map(({ exports }) => exports))) {
    server.addService(service, serviceOptions)
    others++
  }
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

/** Instances, and the classes that have none among the exports. */
export function exportedServices(
  modules: readonly Readonly<Record<string, unknown>>[],
): (AnyService | (new () => AnyService))[] {
  const all = new Set(modules.flatMap((exports) => Object.values(exports)))
  const instances = [...all].filter(isService)
  const served = new Set(instances.map((instance) => instance.constructor))
  const classes = [...all].filter((value) => isServiceClass(value) && !served.has(value) && value.length === 0)
  return [...instances, ...(classes as unknown as (new () => AnyService)[])]
}
