// The state file of a running daemon: its process, and how to start it again. Never contains its token.

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tlsFileNames } from '../modules/tls-files.ts'
import { type DaemonSettings, logLevels } from './background-options.ts'
import { isSize, isTimeMs } from './bounds.ts'
import { type TokenOrigin, tokenOrigins } from './daemon-token.ts'
import type { ProcessIdentity } from './process-identity.ts'

export interface DaemonState extends ProcessIdentity {
  readonly version: 2
  readonly name: string
  /** The secret that identifies the process at the control socket. */
  readonly nonce: string
  /** An ISO 8601 date. */
  readonly startedAt: string
  readonly addresses: readonly string[]
  readonly settings: DaemonSettings
  readonly tokenOrigin: TokenOrigin
}

export function writeState(path: string, state: DaemonState): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(aside, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(aside, path)
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  }
}

/** Reads the state. Returns undefined for a file that is missing, incomplete, or of another version. */
export function readState(path: string): DaemonState | undefined {
  try {
    const state = JSON.parse(readFileSync(path, 'utf8')) as DaemonState | null
    return isState(state) ? state : undefined
  } catch {
    return undefined
  }
}

/** Removes the file, unless another process has replaced it. */
export function removeState(path: string, nonce: string): void {
  if (readState(path)?.nonce === nonce) rmSync(path, { force: true })
}

function isState(state: DaemonState | null): state is DaemonState {
  return (
    state?.version === 2 &&
    Number.isInteger(state.pid) &&
    state.pid > 1 &&
    typeof state.name === 'string' &&
    typeof state.nonce === 'string' &&
    typeof state.startedAt === 'string' &&
    Array.isArray(state.addresses) &&
    tokenOrigins.includes(state.tokenOrigin) &&
    isSettings(state.settings)
  )
}

/** Checked, because JSON has no Infinity, and a user may have edited the file. */
function isSettings(settings: Partial<DaemonSettings> | null | undefined): settings is DaemonSettings {
  if (typeof settings !== 'object' || settings === null) return false
  const { modules, host, cwd, logLevel, logFiles, logMaxBytes, graceMs, startTimeoutMs, exitWithParent } = settings
  return (
    Array.isArray(modules) &&
    [...modules, host, cwd].every((each) => typeof each === 'string') &&
    tlsFileNames.every((name) => ['string', 'undefined'].includes(typeof settings[name])) &&
    [settings.allowClearTextToken, settings.tlsWatch].every((each) => ['boolean', 'undefined'].includes(typeof each)) &&
    logLevels.some((level) => level === logLevel) &&
    isSize(logFiles) &&
    isSize(logMaxBytes) &&
    isTimeMs(graceMs) &&
    isTimeMs(startTimeoutMs, 1) &&
    typeof exitWithParent === 'boolean'
  )
}
