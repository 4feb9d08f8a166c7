// The options `--credential NAME=JSON` and `--metadata key=value`, and ISOCK_CREDENTIALS. No error quotes a credential, whatever
// was given in its place: it may be a password.
import type { Credential } from '../core/action/credential.ts'
import { findJsonFault } from '../core/base/json-fault.ts'
import { readSecretFile } from '../core/link/secret-file.ts'
import { usageFailure } from './failure.ts'

const environmentName = 'ISOCK_CREDENTIALS'

/**
 * Those of the environment, replaced by those of the command line where both name a guard.
 *
 * @throws CommandFailure; ClientError (`INVALID_OPTION`) for a file that is missing, or that others can read.
 */
export function credentialsOf(given: readonly string[], environment: NodeJS.ProcessEnv): Credential[] {
  const byGuard = new Map<string, unknown>(inEnvironment(environment[environmentName]))
  for (const [index, text] of given.entries()) {
    const what = given.length === 1 ? '--credential' : `--credential number ${index + 1}`
    const [guard, json] = split(text) ?? fail(`${what}: expected NAME=JSON, or NAME=@file for JSON in a file`)
    const content = json.startsWith('@') ? readSecretFile(json.slice(1)) : json
    byGuard.set(guard, parseSecret(content, json.startsWith('@') ? `${what}: its file` : what))
  }
  return [...byGuard].map(([guard, value]) => ({ guard, value }))
}

/** @throws CommandFailure. */
export function metadataOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => split(text) ?? fail(`--metadata: expected key=value, got ${JSON.stringify(text)}`)),
  )
}

function inEnvironment(text: string | undefined): [guard: string, value: unknown][] {
  if (text === undefined || text === '') return []
  const value = parseSecret(text, environmentName)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  throw usageFailure(
    `${environmentName}: expected an object of credentials by guard, such as {"Login": {"user": "ada"}}`,
  )
}

/** The parts before and after the first `=`. undefined: there is none, or nothing before it. */
function split(text: string): [name: string, rest: string] | undefined {
  const at = text.indexOf('=')
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : undefined
}

function parseSecret(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const fault = findJsonFault(text)
    const where = fault === undefined ? '' : `, from character ${fault.offset + 1} on`
    // Without the cause, whose message quotes the text.
    throw usageFailure(`${what} is not JSON${where}; a text needs quotes: NAME='"text"'`)
  }
}

function fail(message: string): never {
  throw usageFailure(message)
}
