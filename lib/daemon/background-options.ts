// The options of a daemon. The starting process checks them, makes paths absolute and fills in defaults. The token is kept separate,
// so that it is not written to a file.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { invalidOption } from '../core/base/options.ts'
import type { TokenSource } from '../core/base/token.ts'
import { requireModules } from '../modules/load-modules.ts'
import { requirePortForTls, type TlsFiles, tlsFileNames, tlsOf } from '../modules/tls-files.ts'
import { requireSize, requireTimeMs } from './bounds.ts'
import { type DaemonToken, findToken } from './daemon-token.ts'
import { requireLogFile } from './log-file.ts'
import { requireDaemonName } from './state-directory.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export interface BackgroundOptions extends TokenSource {
  /** The paths of the modules to serve, which export actions, services, or a function `setup(server)`. */
  readonly module: string | URL | readonly (string | URL)[]
  /** Only one daemon runs under each name. Default 'default'. */
  readonly name?: string | undefined
  /** The host to listen at. Default '127.0.0.1'. */
  readonly host?: string | undefined
  /** The port to listen at; 0 for any free one. Default: 0, or no port if there is a path. */
  readonly port?: number | undefined
  /** The path of a Unix socket, instead of or in addition to the port. */
  readonly path?: string | undefined
  /** The private key, as PEM, which makes the port use TLS. Read at each start and restart. */
  readonly tlsKey?: string | URL | undefined
  /** The certificate, as PEM. */
  readonly tlsCert?: string | URL | undefined
  /** Certificate authorities, as PEM. Clients must then present a certificate signed by one of them. */
  readonly tlsCa?: string | URL | undefined
  /** Whether to read these files again when they change, and use the new certificate for new connections. Default true. */
  readonly tlsWatch?: boolean | undefined
  /** A module to load before the others; its services are initialized before the daemon listens. */
  readonly initFile?: string | URL | undefined
  /** Whether to accept the token from other machines without TLS, which exposes it to anyone who can read the traffic. Default false. */
  readonly allowClearTextToken?: boolean | undefined
  /** The path of the log file. Default: `daemon.log` in the daemon's directory. */
  readonly logFile?: string | undefined
  /** The log level. Default 'info'. */
  readonly logLevel?: LogLevel | Uppercase<LogLevel> | undefined
  /** The size above which the log is rotated. Default 10 MiB. */
  readonly logMaxBytes?: number | undefined
  /** How many rotated logs to keep. Default 5. */
  readonly logFiles?: number | undefined
  /** Whether the daemon ends with the process that starts it. Default false. */
  readonly exitWithParent?: boolean | undefined
  /** Whether to return a daemon of this name that is already running, instead of rejecting. Default false. */
  readonly reuse?: boolean | undefined
  /** The grace period for running calls when the daemon is stopped. Default 10 000 ms. */
  readonly graceMs?: number | undefined
  /** The time limit for the daemon to start listening. Default 30 000 ms. */
  readonly startTimeoutMs?: number | undefined
  /** The working directory of the daemon. Default: that of the starting process. */
  readonly cwd?: string | undefined
  /** The directory for the state of daemons. Default: ISOCK_STATE_DIR, else `isock` in the user's state directory. */
  readonly stateDir?: string | undefined
}

const backgroundOptions: OptionTable<BackgroundOptions> = {
  token: 'protects',
  tokenFile: 'protects',
  tlsKey: 'protects',
  tlsCert: 'protects',
  tlsCa: 'protects',
  tlsWatch: 'any',
  module: 'any',
  name: 'any',
  host: 'any',
  port: 'any',
  path: 'any',
  initFile: 'any',
  allowClearTextToken: 'any',
  logFile: 'any',
  logLevel: 'any',
  logMaxBytes: 'any',
  logFiles: 'any',
  exitWithParent: 'any',
  reuse: 'any',
  graceMs: 'any',
  startTimeoutMs: 'any',
  cwd: 'any',
  stateDir: 'any',
}

/** The options that are written to the state file. */
export interface DaemonSettings extends TlsFiles {
  readonly modules: readonly string[]
  readonly initFile?: string | undefined
  /** Omitted when false. */
  readonly allowClearTextToken?: boolean | undefined
  readonly host: string
  readonly port?: number | undefined
  readonly path?: string | undefined
  readonly tokenFile?: string | undefined
  readonly logFile?: string | undefined
  readonly logLevel: LogLevel
  readonly logMaxBytes: number
  readonly logFiles: number
  readonly exitWithParent: boolean
  readonly graceMs: number
  readonly startTimeoutMs: number
  readonly cwd: string
}

export interface CheckedOptions {
  readonly name: string
  readonly settings: DaemonSettings
  readonly token: DaemonToken
  readonly reuse: boolean
  readonly stateDir: string | undefined
}

/** @throws ClientError (`INVALID_OPTION`) that names the invalid option. */
export function checkBackgroundOptions(options: BackgroundOptions): CheckedOptions {
  checkOptions('runInBackground', options, backgroundOptions)
  const { module, initFile, host = '127.0.0.1', path, logFile, tokenFile, token, stateDir, cwd = '.' } = options
  const { logLevel: givenLevel = 'info', logMaxBytes = 10 * 1024 * 1024, logFiles = 5 } = options
  const { graceMs = 10_000, startTimeoutMs = 30_000, allowClearTextToken = false } = options
  const modules = (Array.isArray(module) ? module : [module]).map((each) => pathOf('module', each))
  if (modules.length === 0) throw invalidOption('module', 'at least one path', module)
  requireModules(initFile === undefined ? modules : [pathOf('initFile', initFile), ...modules])
  const logLevel = String(givenLevel).toLowerCase() as LogLevel
  if (!logLevels.includes(logLevel)) throw invalidOption('logLevel', `one of ${logLevels.join(', ')}`, logLevel)
  if (typeof host !== 'string' || host === '') throw invalidOption('host', 'a host name or IP address', host)
  const port = options.port ?? (path === undefined ? 0 : undefined)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw invalidOption('port', 'a whole number from 0 to 65535', port)
  if (!(Number.isInteger(logFiles) && logFiles >= 1 && logFiles <= 100))
    throw invalidOption('logFiles', 'a whole number from 1 to 100', logFiles)
  const source = { ...(token === undefined ? {} : { token }), ...(tokenFile === undefined ? {} : { tokenFile }) }
  if (typeof allowClearTextToken !== 'boolean')
    throw invalidOption('allowClearTextToken', 'true or false', allowClearTextToken)
  if (logFile !== undefined) requireLogFile(pathOf('logFile', logFile))
  const tlsFiles = tlsFilesOf(options)
  requirePortForTls(tlsOf(tlsFiles), port)
  return {
    name: requireDaemonName(options.name ?? 'default'),
    // An invalid token is reported here rather than in the log of a process that has already ended.
    token: findToken(source, process.env),
    reuse: options.reuse ?? false,
    stateDir,
    settings: {
      modules,
      host,
      logLevel,
      logMaxBytes: requireSize('logMaxBytes', logMaxBytes),
      logFiles,
      exitWithParent: options.exitWithParent ?? false,
      graceMs: requireTimeMs('graceMs', graceMs),
      startTimeoutMs: requireTimeMs('startTimeoutMs', startTimeoutMs, 1),
      cwd: resolve(cwd),
      ...(port === undefined ? {} : { port }),
      ...(path === undefined ? {} : { path: pathOf('path', path) }),
      ...(initFile === undefined ? {} : { initFile: pathOf('initFile', initFile) }),
      ...(tokenFile === undefined ? {} : { tokenFile: pathOf('tokenFile', tokenFile) }),
      ...(allowClearTextToken ? { allowClearTextToken } : {}),
      ...tlsFiles,
      ...(logFile === undefined ? {} : { logFile: pathOf('logFile', logFile) }),
    },
  }
}

function tlsFilesOf(options: BackgroundOptions): TlsFiles {
  const { tlsWatch = true } = options
  if (typeof tlsWatch !== 'boolean') throw invalidOption('tlsWatch', 'true or false', tlsWatch)
  const given = tlsFileNames.filter((name) => options[name] !== undefined)
  const paths = Object.fromEntries(given.map((name) => [name, pathOf(name, options[name])]))
  return tlsWatch ? paths : { ...paths, tlsWatch }
}

function pathOf(name: string, value: unknown): string {
  if (value instanceof URL || (typeof value === 'string' && value.startsWith('file:'))) return fileURLToPath(value)
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return resolve(value)
  throw invalidOption(name, 'a path', value)
}
