// Imports a module that a user names by its path. TypeScript goes through Node where it strips types, else through the
// tsx of the user's project; isock brings no compiler of its own.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, usageFailure } from './failure.ts'

export interface LoadedModule {
  readonly exports: Readonly<Record<string, unknown>>
  readonly source: string
}

/** @throws CommandFailure that names the module, and says what to do about it. */
export async function loadModule(path: string): Promise<LoadedModule> {
  const file = resolve(path)
  if (!existsSync(file)) throw usageFailure(`there is no module ${path}`)
  return { exports: await importFile(file, path), source: readFileSync(file, 'utf8') }
}

/** How Node says that it cannot read TypeScript, or not all of it. */
const needsCompiler = [
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
]

async function importFile(file: string, path: string): Promise<Record<string, unknown>> {
  const { href } = pathToFileURL(file)
  try {
    return (await import(href)) as Record<string, unknown>
  } catch (error) {
    if (!needsCompiler.includes(codeOf(error))) throw cannotLoad(path, error)
    await startTsx(path, error)
    try {
      // Another address, for Node remembers that the first one failed.
      return (await import(`${href}?tsx`)) as Record<string, unknown>
    } catch (second) {
      throw cannotLoad(path, second)
    }
  }
}

/** Lets tsx compile all that is imported from now on. The same as `node --import tsx`. */
async function startTsx(path: string, error: unknown): Promise<void> {
  let entry: string
  try {
    entry = createRequire(join(process.cwd(), 'package.json')).resolve('tsx')
  } catch {
    throw new CommandFailure(
      `cannot load ${path}: this Node (${process.version}) does not run TypeScript; install tsx in your project ` +
        '(npm install --save-dev tsx), use Node 22.18 or newer, or serve compiled JavaScript',
      exitCodes.failed,
      error,
    )
  }
  await import(pathToFileURL(entry).href)
}

function cannotLoad(path: string, error: unknown): CommandFailure {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new CommandFailure(`cannot load ${path}: ${reason}`, exitCodes.failed, error)
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code)
}
