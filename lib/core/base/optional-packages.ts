// Packages that a feature needs and isock does not install. A missing one is reported when the feature is created, with the
// command that installs it. The imports stay where the packages are used, so that bundlers see them.
import { ClientError } from './errors.ts'

/** The versions that isock is tested with, for packages where the version matters; as in package.json. */
const ranges: Readonly<Record<string, string>> = {
  '@mikro-orm/core': '6.6.16',
  '@mikro-orm/libsql': '6.6.16',
  '@mikro-orm/postgresql': '6.6.16',
  '@node-rs/argon2': '2',
  'csv-parse': '7',
  'csv-stringify': '6',
  eventsource: '4',
  piscina: '5',
  'proper-lockfile': '4',
  re2js: '2',
  'rotating-file-stream': '3',
  send: '1',
}

const isOwnFile = /\/optional-packages\.[jt]s$/

/**
 * Throws ClientError (`MISSING_PACKAGE`) if one of the packages is not installed. `user` is what needs them, such as
 * `isock/threads`. Bundles may include them; there the import fails instead.
 */
export function requirePackages(user: string, names: readonly string[], isInstalled = isThere): void {
  if (!isOwnFile.test(import.meta.url ?? '')) return
  const missing = names.filter((name) => !isInstalled(name))
  if (missing.length > 0) throw missingPackages(user, missing)
}

/**
 * Imports a module that needs the packages.
 *
 * @example const { Piscina } = await withPackages('isock/threads', ['piscina'], () => import('piscina'))
 */
export async function withPackages<T>(user: string, names: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const missing = names.filter((name) => isAbout(error, name))
    throw missing.length > 0 ? missingPackages(user, missing, error) : error
  }
}

function missingPackages(user: string, names: readonly string[], cause?: unknown): ClientError {
  const versions = names.map((name) => (ranges[name] === undefined ? name : `${name}@${ranges[name]}`))
  const message = `${user} needs ${names.join(' and ')}: npm i ${versions.join(' ')}`
  return new ClientError(message, { code: 'MISSING_PACKAGE', cause, notStarted: true })
}

/** Whether a package is installed. One that exports nothing to `require` counts too. */
function isThere(name: string): boolean {
  const { createRequire } = process.getBuiltinModule('node:module')
  try {
    createRequire(import.meta.url).resolve(name)
  } catch (error) {
    return !isAbout(error, name)
  }
  return true
}

function isAbout(error: unknown, name: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return (
    (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') &&
    (String(message).includes(`'${name}'`) || String(message).includes(`'${name}/`))
  )
}
