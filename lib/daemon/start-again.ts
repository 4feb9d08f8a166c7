// Restarts a crashed daemon with the same options: under the lock, and only if it has not been restarted by now.
import { ClientError } from '../core/base/errors.ts'
import type { OptionTable } from '../core/base/option-table.ts'
import type { DaemonReport } from './control-actions.ts'
import { findPresence, requireNotHeld } from './control-client.ts'
import { findTokenAgain } from './daemon-token.ts'
import { launch } from './launch.ts'
import { newNonce } from './process-identity.ts'
import { withStartLock } from './start-lock.ts'
import type { DaemonPaths } from './state-directory.ts'
import { type DaemonState, readState } from './state-file.ts'

export interface RestartOptions {
  /** The token of a crashed daemon, if it was passed as `token` or in ISOCK_TOKEN. */
  readonly token?: string | undefined
  /** Whether a crashed daemon ends with this process when restarted. Default: its former option. */
  readonly exitWithParent?: boolean | undefined
}

export const restartOptions: OptionTable<RestartOptions> = { token: 'protects', exitWithParent: 'any' }

/** @throws ClientError: `NOT_RUNNING`, `NO_RESPONSE`; the error that prevented the start. */
export function startAgain(known: DaemonState, paths: DaemonPaths, options: RestartOptions): Promise<DaemonReport> {
  const { name, tokenOrigin } = known
  const { token, exitWithParent = known.settings.exitWithParent } = options
  const { tokenFile } = known.settings
  const source = { ...(token === undefined ? {} : { token }), ...(tokenFile === undefined ? {} : { tokenFile }) }
  const order = {
    name,
    paths,
    settings: { ...known.settings, exitWithParent },
    ...findTokenAgain(name, tokenOrigin, source, process.env),
    nonce: newNonce(),
    isSuccessor: false,
  }
  return withStartLock(
    paths,
    known.settings.startTimeoutMs,
    Math.random,
    async () => undefined,
    async () => {
      // Another start may have succeeded while this one waited.
      const presence = await findPresence(paths)
      if (presence.kind === 'answers') return presence.report
      const now = readState(paths.state)
      requireNotHeld(name, presence, now, paths, 'is not replaced')
      if (now?.nonce !== known.nonce) {
        const message = `daemon "${name}" was started and stopped by another process meanwhile; check: isock status ${name}`
        throw new ClientError(message, { code: 'NOT_RUNNING' })
      }
      const launched = await launch(order)
      launched.release()
      return launched.report
    },
  )
}
