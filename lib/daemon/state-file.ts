// What is written down of a running daemon: which process it is, and how to start it again. Never its token.

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { DaemonSettings } from './background-options.ts'
import type { ProcessIdentity } from './process-identity.ts'

export interface DaemonState extends ProcessIdentity {
  readonly version: 1
  readonly name: string
  /** What the process at the control socket must know to be this one. */
  readonly nonce: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly addresses: readonly string[]
  readonly settings: DaemonSettings
  /** It was started with a token that is written down nowhere. */
  readonly hasUnsavedToken: boolean
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

/** undefined where there is none, or one that was not written by this version, or only half. */
export function readState(path: string): DaemonState | undefined {
  try {
    const state = JSON.parse(readFileSync(path, 'utf8')) as DaemonState | null
    return isState(state) ? state : undefined
  } catch {
    return undefined
  }
}

/** Removes it, unless another process has written it meanwhile. */
export function removeState(path: string, nonce: string): void {
  if (readState(path)?.nonce === nonce) rmSync(path, { force: true })
}

function isState(state: DaemonState | null): state is DaemonState {
  return (
    state?.version === 1 &&
    Number.isInteger(state.pid) &&
    state.pid > 1 &&
    typeof state.name === 'string' &&
    typeof state.nonce === 'string' &&
    typeof state.startedAt === 'string' &&
    Array.isArray(state.addresses) &&
    typeof state.settings === 'object' &&
    state.settings !== null
  )
}
