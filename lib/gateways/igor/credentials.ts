// Credentials in the messages of Igor's clients, and the check that two clients show the same ones.
import { type Credential, tokenGuardName } from '../../core/action/guard.ts'
import type { Metadata } from '../../core/wire/frames/metadata.ts'
import { credentialsOf } from '../credentials.ts'

/** What a client's upgrade request came with. */
export interface Presented {
  readonly credentials: readonly Credential[]
  readonly metadata?: Metadata | undefined
}

/** From the fields `token` and `credentials` of an introduction; undefined for any other shape. */
export function credentialsFrom(fields: Readonly<Record<string, unknown>>): Credential[] | undefined {
  const { token, credentials = {} } = fields
  const found = credentialsOf(credentials)
  const own = credentialsOf(token === undefined ? {} : { [tokenGuardName]: token })
  return found === undefined || own === undefined ? undefined : [...own, ...found]
}

/** Whether two clients show the same credentials in the same order. */
export function sameCredentials(some: readonly Credential[], others: readonly Credential[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others)
}
