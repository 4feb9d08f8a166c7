// `isock server`: runs a server in the foreground whose services clients initialize. The idea is bgpy's.
import { resolveToken } from '../core/base/token.ts'
import { isLoopback } from '../core/link/address.ts'
import { readSecretFile } from '../core/link/secret-file.ts'
import { DaemonServer, loadAll, registerModules } from '../daemon/daemon-server.ts'
import { LogFile, requireLogFile } from '../daemon/log-file.ts'
import { exportedData } from '../modules/exported-data.ts'
import { featuresFor } from '../modules/features-for.ts'
import type { TlsFiles } from '../modules/tls-files.ts'
import { usageFailure } from './failure.ts'
import { takeToken } from './own-token.ts'
import { makeLog, serveUntilStopped } from './serve-command.ts'
import { serverTls } from './server-tls.ts'
import { promptToken } from './token-prompt.ts'

export interface ServerCommandOptions extends TlsFiles {
  readonly tokenPrompt?: boolean
  readonly tokenFile?: string
  readonly allowClearTextToken?: boolean
  readonly logLevel: string
  readonly logFile?: string
  readonly initFile?: string
  readonly grace: number
}

const logMaxBytes = 10 * 1024 * 1024
const logFiles = 5

export function serveServices(
  host: string,
  port: number,
  modules: readonly string[],
  options: ServerCommandOptions,
): Promise<void> {
  const {
    grace: graceMs,
    initFile,
    logFile: path,
    logLevel,
    tokenFile,
    tokenPrompt,
    allowClearTextToken = false,
  } = options
  return serveUntilStopped(graceMs, async () => {
    if (modules.length === 0 && initFile === undefined)
      throw usageFailure('give modules or --init-file, with the services to initialize')
    // Before the user types a token.
    if (path !== undefined) requireLogFile(path)
    const tls = serverTls(options, port)
    const found = takeToken(tokenFile)
    const source = tokenPrompt ? { token: await promptToken() } : found
    const isGuarded = resolveToken(source, {}, readSecretFile) !== undefined
    const file = path === undefined ? undefined : await LogFile.open({ path, maxBytes: logMaxBytes, files: logFiles })
    const log = makeLog(logLevel, file)
    const onError = (error: unknown): void => log.info({ error: String(error) }, 'something threw')
    // Without a token every client is accepted: they may end it only if they are on this machine.
    const mayBeEnded = isGuarded || isLoopback(host)
    const loaded = await loadAll({ modules, initFile })
    const data = exportedData(loaded)
    const settings = {
      host,
      port,
      log,
      onError,
      allowClearTextToken,
      ...source,
      ...(tls === undefined ? {} : { tls }),
      features: await featuresFor(loaded, data),
    }
    const server: DaemonServer = new DaemonServer(settings, mayBeEnded, (endGraceMs) => {
      void server.shutdown({ graceMs: endGraceMs ?? graceMs })
    })
    await registerModules(server, loaded, log, { initFile })
    return server
  })
}
