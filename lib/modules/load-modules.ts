// The loading of modules that a user names by path. TypeScript is loaded with the tsx of the user's project, else by a Node
// that strips types; isock has no compiler of its own.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ClientError } from '../core/base/errors.ts'
import { noteTypeScriptLoader } from '../features/threads/typescript-loader.ts'
import { syntaxFaultOf } from './syntax-fault.ts'

declare module '../core/base/errors.ts' {
  interface FeatureErrorCodes {
    readonly MODULE_FAILED: true
  }
}

export interface LoadedModule {
  readonly path: string
  readonly exports: Readonly<Record<string, unknown>>
}

/** @throws ClientError that names the module and a remedy: `INVALID_OPTION` if it does not exist, `MODULE_FAILED`. */
export async function loadModules(paths: readonly string[]): Promise<LoadedModule[]> {
  requireModules(paths)
  // Before the first import: Node caches failed imports, and would not try again with tsx.
  const typeScript = paths.find((path) => /\.[cm]?tsx?$/.test(path))
  if (typeScript !== undefined) await prepareTypeScript(typeScript)
  const modules: LoadedModule[] = []
  for (const path of paths) {
    modules.push({ path, exports: await importFile(path) })
  }
  return modules
}

/** @throws ClientError (`INVALID_OPTION`) for the first missing one. */
export function requireModules(paths: readonly string[]): void {
  const missing = paths.find((path) => !existsSync(path))
  if (missing !== undefined) throw new ClientError(`there is no module ${missing}`, { code: 'INVALID_OPTION' })
}

async function importFile(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION') throw needsCompiler(path, error)
    throw cannotLoad(path, error)
  }
}

/** Lets tsx compile everything imported from then on, like `node --import tsx`. */
async function prepareTypeScript(path: string): Promise<void> {
  let entry: string
  try {
    entry = createRequire(join(process.cwd(), 'package.json')).resolve('tsx')
  } catch (error) {
    if ((process.features as { typescript?: unknown }).typescript) return
    throw needsCompiler(path, error)
  }
  const { href } = pathToFileURL(entry)
  await import(href)
  noteTypeScriptLoader(href)
}

function needsCompiler(path: string, cause: unknown): ClientError {
  const remedy =
    'install tsx in your project (npm install --save-dev tsx), use Node 22.18 or newer, or serve compiled JavaScript'
  const message = `cannot load ${path}: this Node (${process.version}) does not run TypeScript; ${remedy}`
  return new ClientError(message, { code: 'MODULE_FAILED', cause })
}

function cannotLoad(path: string, error: unknown): ClientError {
  const fault = syntaxFaultOf(path, error)
  const where = fault === undefined ? '' : ` (${fault})`
  const reason = error instanceof Error ? `${error.name}: ${error.message}${where}` : String(error)
  return new ClientError(`cannot load ${path}: ${reason}`, { code: 'MODULE_FAILED', cause: error })
}
