// runInBackground, which starts a server in a process that outlives its parent. Also finds existing daemons.
import { rmSync } from 'node:fs'
import { ClientError, IsockError } from '../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { requirePackages } from '../core/base/optional-packages.ts'
import { type BackgroundOptions, checkBackgroundOptions } from './background-options.ts'
import type { DaemonReport } from './control-actions.ts'
import { findPresence, requireNotHeld } from './control-client.ts'
import { Daemon } from './daemon.ts'
import { launch } from './launch.ts'
import { newNonce } from './process-identity.ts'
import { withStartLock } from './start-lock.ts'
import {
  type DaemonPaths,
  findDirectory,
  namesIn,
  prepareDirectory,
  requireDaemonName,
  stateDirectory,
} from './state-directory.ts'
import { readState } from './state-file.ts'

/**
 * Starts a daemon, a detached process that serves the exports of modules. Resolves when it listens. Rejects with the error that
 * prevented it, such as that of a module or the port. Only one daemon can run under each name.
 *
 * @throws ClientError: `INVALID_OPTION`, `MISSING_PACKAGE`, `MODULE_FAILED`, `ALREADY_RUNNING`, `NO_RESPONSE`; ServerError:
 *   `ADDRESS_IN_USE`, `LISTEN_FAILED`, `START_FAILED`.
 * @example
 * const daemon = await runInBackground({ module: './actions.js', name: 'app', port: 4440 })
 * console.log(daemon.pid, daemon.address)
 * await daemon.stop()
 */
export async function runInBackground(options: BackgroundOptions): Promise<Daemon> {
  requirePackages('isock/daemon', ['proper-lockfile', 'rotating-file-stream'])
  const { name, settings, token, reuse, stateDir } = checkBackgroundOptions(options)
  const paths = prepareDirectory(stateDirectory(stateDir), name)
  const order = { name, settings, ...token, paths, nonce: newNonce(), isSuccessor: false }
  const start = async (): Promise<DaemonReport> => {
    await requireFree(name, paths)
    const launched = await launch(order)
    launched.release()
    return launched.report
  }
  try {
    const lookFirst = (): Promise<void> => rejectIfServed(name, paths)
    return new Daemon(name, paths, await withStartLock(paths, settings.startTimeoutMs, Math.random, lookFirst, start))
  } catch (error) {
    if (reuse && error instanceof AlreadyServed) return new Daemon(name, paths, error.report)
    throw error instanceof AlreadyServed ? error.asClientError() : error
  }
}

interface PlaceOptions {
  /** The directory for the state of daemons. Default: as in BackgroundOptions. */
  readonly stateDir?: string | undefined
}

const placeOptions: OptionTable<PlaceOptions> = { stateDir: 'any' }

/** Returns the daemon of this name, running or not, or undefined if there never was one. */
export function findDaemon(name: string, options: PlaceOptions = {}): Daemon | undefined {
  checkOptions('findDaemon', options, placeOptions)
  const paths = findDirectory(stateDirectory(options.stateDir), requireDaemonName(name))
  return paths === undefined ? undefined : new Daemon(name, paths)
}

/**
 * Returns all daemons of this user, running or not, sorted by name. Omits those whose directory is unsafe, because it belongs to
 * another user or is open to others; `findDaemon` with that name throws the reason.
 *
 * @throws ServerError (`START_FAILED`) if the common directory is unsafe.
 */
export function listDaemons(options: PlaceOptions = {}): Daemon[] {
  checkOptions('listDaemons', options, placeOptions)
  return namesIn(stateDirectory(options.stateDir)).flatMap((name) => {
    try {
      return findDaemon(name, options) ?? []
    } catch (error) {
      if (error instanceof IsockError) return []
      throw error
    }
  })
}

/** Thrown when a daemon already serves under the name. */
class AlreadyServed extends Error {
  readonly report: DaemonReport

  constructor(report: DaemonReport) {
    super()
    this.report = report
  }

  asClientError(): ClientError {
    const { name, pid, addresses } = this.report
    const message = `daemon "${name}" is already running as process ${pid}, at ${addresses.join(', ')}; stop it, or use another name`
    return new ClientError(message, { code: 'ALREADY_RUNNING' })
  }
}

/** Called while another start is in progress: throws if a daemon listens by now. */
async function rejectIfServed(_name: string, paths: DaemonPaths): Promise<void> {
  const presence = await findPresence(paths)
  if (presence.kind === 'answers' && presence.report.addresses.length > 0) throw new AlreadyServed(presence.report)
}

/** Called with the lock: the owner of the control socket, or the process with the recorded pid, owns the name. */
async function requireFree(name: string, paths: DaemonPaths): Promise<void> {
  const presence = await findPresence(paths)
  const known = readState(paths.state)
  if (presence.kind === 'answers') throw new AlreadyServed(presence.report)
  requireNotHeld(name, presence, known, paths, 'is not replaced')
  // Left behind by a crashed daemon.
  rmSync(paths.state, { force: true })
}
