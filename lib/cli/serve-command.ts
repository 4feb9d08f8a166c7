// `isock serve`: runs a server with the actions that modules export, until Ctrl-C.
import { IsockError } from '../core/base/errors.ts'
import type { Logger } from '../core/base/log.ts'
import { printableJson } from '../core/base/terminal-text.ts'
import type { TokenSource } from '../core/base/token.ts'
import type { Feature } from '../core/server/feature.ts'
import { Server } from '../facade/server.ts'
import { ExportedActions } from '../modules/exported-actions.ts'
import { exportedData } from '../modules/exported-data.ts'
import { featuresFor } from '../modules/features-for.ts'
import { jsonLogger, type LineTarget } from '../modules/json-log.ts'
import { type LoadedModule, loadModules } from '../modules/load-modules.ts'
import type { TlsFiles } from '../modules/tls-files.ts'
import { unservedExports } from '../modules/unserved-exports.ts'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, debugText, exitCodeOf } from './failure.ts'
import { print } from './output.ts'
import { takeToken } from './own-token.ts'
import { serverTls } from './server-tls.ts'

export interface ServeOptions extends TlsFiles {
  readonly host: string
  readonly port?: number
  readonly path?: string
  /** A port for HTTP and browsers. */
  readonly web?: number
  /** Restarts when a file changes. */
  readonly watch?: boolean
  /** This process belongs to one with `watch`, and ends with it. */
  readonly watched?: boolean
  readonly tokenFile?: string
  readonly allowClearTextToken?: boolean
  readonly logLevel: string
  readonly grace: number
}

export async function serve(modules: readonly string[], options: ServeOptions): Promise<void> {
  const { watch, grace, port } = options
  if (watch) await (await import('./serve-watched.ts')).serveWatched(modules, grace, port)
  else await serveNow(modules, options)
}

function serveNow(modules: readonly string[], options: ServeOptions): Promise<void> {
  if (options.watched) process.once('disconnect', () => process.exit(exitCodes.failed))
  const printActions = (server: Server): Promise<void> => print(`serving ${server.actionNames.join(', ')}\n`)
  return serveUntilStopped(
    options.grace,
    async () => {
      const token = takeToken(options.tokenFile)
      const loaded = await loadModules(modules)
      const server = makeServer(options, token, await featuresFor(loaded, exportedData(loaded)))
      await register(server, loaded)
      if (options.web !== undefined) await openWeb(server, options, options.web)
      return server
    },
    printActions,
  )
}

/** Serves until a signal or a client ends it; `onServing` is called when all its addresses are open. Ends the process. */
export async function serveUntilStopped(
  graceMs: number,
  make: () => Promise<Server>,
  onServing?: (server: Server) => Promise<void>,
): Promise<void> {
  // A server continues when nobody reads its output.
  process.stdout.on('error', () => undefined)
  try {
    const server = await make()
    await server.listen()
    await onServing?.(server)
    for (const address of server.addresses) await print(`listening at ${address}\n`)
    stopOnSignal(server, graceMs)
    await server.serveForever()
    // Handles that the modules left open must not keep the process alive.
    process.exit(exitCodes.done)
  } catch (error) {
    await print(`${debugText(error)}isock: ${error instanceof Error ? error.message : String(error)}\n`, process.stderr)
    process.exit(
      error instanceof IsockError || error instanceof CommandFailure ? exitCodeOf(error, false) : exitCodes.failed,
    )
  }
}

function makeServer(options: ServeOptions, token: TokenSource, features: readonly Feature[]): Server {
  const { host, path, allowClearTextToken = false } = options
  const port = options.port ?? (path === undefined ? 4440 : undefined)
  const tls = serverTls(options, port ?? options.web)
  const log = makeLog(options.logLevel)
  return new Server({
    host,
    log,
    allowClearTextToken,
    onError: (error, { action }) => log.info({ action, error: String(error) }, 'an action threw'),
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path }),
    ...(tls === undefined ? {} : { tls }),
    features,
    ...token,
  })
}

/** HTTP and WebSockets. Their packages may not be installed, so they are loaded only here. */
async function openWeb(server: Server, options: ServeOptions, port: number): Promise<void> {
  const { listenWeb } = await import('../features/web/web.ts')
  const { http } = await import('../gateways/http/http.ts')
  const tls = serverTls(options, port)
  const gateways = [http()]
  const web = await listenWeb(server, { port, host: options.host, gateways, ...(tls === undefined ? {} : { tls }) })
  await print(`HTTP at ${web.url}/actions\n`)
}

/** Logs to standard error by default. */
export function makeLog(level: string, target: LineTarget = printableLines): Logger {
  return jsonLogger(level, target)
}

/** Escaped, because JSON allows characters that a terminal obeys, and the log contains texts of peers. */
const printableLines: LineTarget = { write: (line) => void process.stderr.write(printableJson(line)) }

async function register(server: Server, modules: readonly LoadedModule[]): Promise<void> {
  const found = new ExportedActions(modules)
  for (const instance of found.instances) server.addAction(instance)
  for (const tree of found.trees) server.addActions(tree)
  for (const { name, reason } of [...found.skipped, ...unservedExports(modules)])
    await print(`skipped ${name}: ${reason}\n`)
  if (server.actionNames.length === 0) {
    throw new CommandFailure(`no action to serve in ${modules.map(({ path }) => path).join(', ')}`, exitCodes.failed)
  }
}

/** The first signal drains, the second ends the process immediately. */
function stopOnSignal(server: Server, graceMs: number): void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (server.isShuttingDown) process.exit(signal === 'SIGINT' ? exitCodes.interrupted : 143)
    void print('stopping when running calls have finished; a second signal ends it immediately\n', process.stderr)
    void server.shutdown({ graceMs })
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
}
