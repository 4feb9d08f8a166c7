// `isock tracim`: runs a daemon for the account in a configuration file, until Ctrl-C.
import { resolve } from 'node:path'
import { AuthError, IsockError } from '../core/base/errors.ts'
import { readConfiguration, requireFilledIn, type TracimConfiguration } from '../tracim/configuration.ts'
import { TracimDaemon } from '../tracim/tracim-daemon.ts'
import { TracimSource } from '../tracim/tracim-source.ts'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, debugText, exitCodeOf } from './failure.ts'
import { print, printJson } from './output.ts'
import { makeLog } from './serve-command.ts'

export interface TracimCommandOptions {
  readonly check?: true
  readonly socket?: string
  readonly pingInterval: number
  readonly json?: true
  readonly logLevel: string
}

/** Ends the process. */
export async function runTracimDaemon(folder: string | undefined, options: TracimCommandOptions): Promise<void> {
  const isJson = options.json === true
  // A daemon continues when nobody reads its output.
  process.stdout.on('error', () => undefined)
  try {
    const read = readConfiguration(folder)
    requireFilledIn(read)
    const configuration = options.socket === undefined ? read : { ...read, socketPath: resolve(options.socket) }
    process.exitCode = await (options.check ? printConfiguration(configuration, isJson) : serve(configuration, options))
  } catch (error) {
    process.exitCode =
      error instanceof IsockError || error instanceof CommandFailure ? exitCodeOf(error, false) : exitCodes.failed
    const message = error instanceof Error ? error.message : String(error)
    if (isJson) await printJson({ kind: 'error', message, code: codeOf(error) }, process.stderr)
    else await print(`${debugText(error)}isock: ${message}\n`, process.stderr)
  }
  // An abandoned login may still hold a connection.
  process.exit()
}

async function printConfiguration(
  { account, file, socketPath }: TracimConfiguration,
  isJson: boolean,
): Promise<number> {
  const { url, username, mail } = account
  if (isJson) await printJson({ kind: 'configuration', file, url, username, mail, socketPath })
  else await print(`${file}\n  as ${username || mail} at ${url}\n  clients connect to unix:${socketPath}\n`)
  return exitCodes.done
}

/** Settles with the exit code, when a signal has ended it. */
async function serve(configuration: TracimConfiguration, options: TracimCommandOptions): Promise<number> {
  const { account, file, socketPath } = configuration
  const log = makeLog(options.logLevel)
  const source = new TracimSource(account, { log })
  await using daemon = new TracimDaemon({ socketPath, source, log, pingIntervalMs: options.pingInterval })
  const stop = stopOnSignal(() => void daemon.close(), options)
  try {
    await daemon.listen()
  } catch (error) {
    // The error of an interrupted login does not matter.
    if (stop.wasAsked()) return exitCodes.interrupted
    if (error instanceof AuthError) throw new CommandFailure(`${error.message} in ${file}`, exitCodes.notLetIn, error)
    const isUnreachable = error instanceof IsockError && error.code === 'UNREACHABLE'
    throw isUnreachable ? new CommandFailure(error.message, exitCodes.unreachable, error) : error
  }
  if (stop.wasAsked()) return exitCodes.interrupted
  const { userId } = daemon
  if (options.json) await printJson({ kind: 'listening', socketPath, userId, file, pid: process.pid })
  else await print(`listening at unix:${socketPath} as user ${userId}\n`)
  await stop.asked
  await daemon.close()
  if (options.json) await printJson({ kind: 'closed' })
  return exitCodes.done
}

function codeOf(error: unknown): string {
  const known = error instanceof CommandFailure ? error.cause : error
  return known instanceof IsockError ? known.code : 'FAILED'
}

interface Stop {
  /** Settles with the first signal. */
  readonly asked: Promise<void>
  wasAsked(): boolean
}

/** The first signal closes, the second ends the process immediately. */
function stopOnSignal(close: () => void, { json }: TracimCommandOptions): Stop {
  let wasAsked = false
  const asked = new Promise<void>((settle) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      if (wasAsked) process.exit(signal === 'SIGINT' ? exitCodes.interrupted : 143)
      wasAsked = true
      if (!json) void print('stopping; a second signal ends it immediately\n', process.stderr)
      close()
      settle()
    }
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  })
  return { asked, wasAsked: () => wasAsked }
}
