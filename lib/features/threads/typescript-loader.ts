// Finds the tsx that reads TypeScript for this process, so that its threads can use it too: on some versions of Node tsx skips
// threads, and the package of a shared module may have no tsx of its own.
import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Kept on the global object: a program may have two copies of this module. */
const noted = Symbol.for('isock.typescript-loader')
type Globals = { [noted]?: string }

/** tsx was imported into this process, from this URL. */
export function noteTypeScriptLoader(url: string): void {
  ;(globalThis as Globals)[noted] = url
}

/** The URL of the TypeScript loader of this process; undefined: Node itself reads it, or nothing does. */
export function typeScriptLoader(
  args: readonly string[] = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)],
): string | undefined {
  return (globalThis as Globals)[noted] ?? loaderIn(args)
}

/** As in `--import tsx`, which `npx tsx` gives as a path. */
function loaderIn(args: readonly string[]): string | undefined {
  for (const [i, arg] of args.entries()) {
    const [name, value = args[i + 1]] = arg.split('=', 2)
    if (!/^--(import|loader|experimental-loader)$/.test(name ?? '') || value === undefined) continue
    if (!/(^|[\\/])tsx([\\/]|$)/.test(value)) continue
    if (value.startsWith('file:')) return value
    return pathToFileURL(isAbsolute(value) ? value : resolved(value)).href
  }
  return undefined
}

/** From where the program was started, as Node does. */
function resolved(name: string): string {
  return createRequire(join(process.cwd(), 'package.json')).resolve(name)
}
